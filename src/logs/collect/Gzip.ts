/**
 * Compresses a complete log file: beside it under another name, then by rename. One at a time: nobody waits for it.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, utimes, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

let turn: Promise<void> = Promise.resolve();

const compress = async (path: string): Promise<void> => {
  const half = `${path}.gz.part`;
  const { atime, mtime } = await stat(path);
  await pipeline(createReadStream(path), createGzip({ level: 1 }), createWriteStream(half, { mode: 0o600 }));
  await utimes(half, atime, mtime);
  await rename(half, `${path}.gz`);
  await rm(path);
};

/** A file that has been removed meanwhile needs no compression; what else goes wrong leaves it as it is, and is told. */
export const gzip = (path: string, failed: (message: string) => void): void => {
  turn = turn.then(() =>
    compress(path).catch(async (error: NodeJS.ErrnoException) => {
      await rm(`${path}.gz.part`, { force: true });
      if (error.code !== "ENOENT") failed(`${path} is not compressed (${error.code ?? error.message})`);
    }),
  );
};
