/**
 * Another log file, of one unit or of many. It rotates as a unit's own log does: by rename, between lines.
 */
import * as Fs from "node:fs";
import { dirname } from "node:path";
import { namesIn } from "../collect/Place.ts";
import { completeName, completeOf, expired, isComplete } from "../collect/Rotate.ts";
import { defaultRotation } from "../LogsSpec.ts";
import type { LogRecord, LogSink } from "./LogSink.ts";
import type { Destination } from "./TargetSpec.ts";
import { makeFolder } from "../../platform/Folder.ts";

interface Open {
  readonly fd: number;
  readonly begunAt: number;
}

export const open = ({ path = "", rotation = defaultRotation }: Destination): LogSink => {
  let file: Open | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const close = (): void => {
    if (file !== undefined) Fs.closeSync(file.fd);
    file = undefined;
  };
  const opened = (): Open => {
    // Removed, or renamed, by somebody: it is made again.
    if (file !== undefined && Fs.fstatSync(file.fd).ino !== Fs.statSync(path, { throwIfNoEntry: false })?.ino) close();
    if (file !== undefined) return file;
    makeFolder(dirname(path), 0o700);
    const fd = Fs.openSync(path, "a", 0o600);
    const { birthtimeMs, size } = Fs.fstatSync(fd);
    return (file = { fd, begunAt: size === 0 ? Date.now() : birthtimeMs });
  };
  const rotate = (now: number): void => {
    const names = namesIn(dirname(path));
    const next = (completeOf(path, names).at(-1)?.segment ?? 0) + 1;
    Fs.renameSync(path, completeName(path, next));
    close();
    const complete = completeOf(path, namesIn(dirname(path))).map(({ compressed, segment }) => {
      const name = completeName(path, segment) + (compressed ? ".gz" : "");
      return { name, endedAt: Fs.statSync(name, { throwIfNoEntry: false })?.mtimeMs ?? now };
    });
    for (const { name } of expired(rotation, complete, now)) Fs.rmSync(name, { force: true });
    if (rotation.compress) void import("../collect/Gzip.ts").then(({ gzip }) => gzip(completeName(path, next), () => {}));
  };
  const append = async (records: ReadonlyArray<LogRecord>): Promise<void> => {
    const bytes = Buffer.from(records.map(({ body }) => `${body}\n`).join(""));
    const now = Date.now();
    const before = opened();
    if (isComplete(rotation, { bytes: Fs.fstatSync(before.fd).size, begunAt: before.begunAt }, bytes.length, now)) rotate(now);
    const { fd } = opened();
    const { size } = Fs.fstatSync(fd);
    const written = await new Promise<number>((resolve, reject) =>
      Fs.write(fd, bytes, 0, bytes.length, null, (error, count) => (error === null ? resolve(count) : reject(error))),
    );
    if (written === bytes.length) return;
    // No half lines: all of it comes again.
    Fs.ftruncateSync(fd, size);
    throw Object.assign(new Error(`ENOSPC: no room for ${path}`), { code: "ENOSPC" });
  };
  return {
    // Several units may write here: one after the other.
    deliver: (records) => {
      const done = turn.then(() => append(records));
      turn = done.catch(() => {});
      return done;
    },
    close: () => void turn.then(close),
  };
};
