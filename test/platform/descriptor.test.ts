import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { pathOfDescriptor, punchHole } from "../../src/platform/index.ts";

const size = 4 * 1024 * 1024;
const half = size / 2;

const filled = (name: string): { readonly fd: number; readonly path: string } => {
  const folder = mkdtempSync(join(tmpdir(), "hsu-hole-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, name);
  const fd = openSync(path, "w+");
  writeSync(fd, Buffer.alloc(size, "x"));
  return { fd, path };
};

describe.skipIf(process.platform !== "linux")("a hole", () => {
  it("gives the beginning of a file back, whose rest and size stay", async () => {
    const { fd, path } = filled("spool");
    const before = fstatSync(fd).blocks;
    await punchHole(pathOfDescriptor(fd, path), half);
    const bytes = readFileSync(path);
    expect(bytes.equals(Buffer.concat([Buffer.alloc(half), Buffer.alloc(half, "x")]))).toBe(true);
    expect(fstatSync(fd).blocks).toBeLessThanOrEqual(before / 2 + 64);
    closeSync(fd);
  });

  it("is in the file that was open when it was asked for, whatever its descriptor is by now", async () => {
    const spool = filled("spool");
    const done = punchHole(pathOfDescriptor(spool.fd, spool.path), half);
    closeSync(spool.fd);
    const other = filled("log");
    expect(other.fd).toBe(spool.fd);
    await done;
    expect(readFileSync(spool.path).subarray(0, half).equals(Buffer.alloc(half))).toBe(true);
    expect(readFileSync(other.path).equals(Buffer.alloc(size, "x"))).toBe(true);
    closeSync(other.fd);
  });
});

it("a file that is gone is left alone", async () => {
  await expect(punchHole("/nowhere/at/all", 4096)).resolves.toBeUndefined();
});
