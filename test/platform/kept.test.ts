import { closeSync, existsSync, fstatSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { claim, closeUnclaimed, handOver, keep, receive } from "../../src/platform/linux/Kept.ts";
import { libc } from "../../src/platform/linux/Libc.ts";

let folder: string;
let server: Server;
let fd: number;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "hsu-kept-"));
  server = createServer();
  await new Promise<void>((done) => server.listen(join(folder, "a.sock"), done));
  fd = (server as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const isOpen = (descriptor: number): boolean => {
  try {
    return fstatSync(descriptor).isSocket();
  } catch {
    return false;
  }
};
/** What was set to be closed in programs that are started. */
const received = async (text: string, pid = 7) => {
  const closed: Array<number> = [];
  const environment: NodeJS.ProcessEnv = { HSU_KEPT: text, OTHER: "stays" };
  await receive(environment, pid, () => Promise.resolve((each, on) => void (on && closed.push(each))));
  expect(environment).toEqual({ OTHER: "stays" });
  return closed;
};

describe("descriptors over an upgrade", () => {
  it("are handed over by name, open for the next program alone, until they are let go", async () => {
    const flags: Array<boolean> = [];
    const letGo = keep("a", fd, (on) => flags.push(on));
    expect(handOver(7)).toEqual({ HSU_KEPT: `[7,["a",${fd}]]` });
    expect(flags).toEqual([false]);
    expect(await received(handOver(7)["HSU_KEPT"]!)).toEqual([fd]);
    expect([claim("b"), claim("a"), claim("a")]).toEqual([undefined, fd, undefined]);
    letGo();
    expect(handOver(7)).toEqual({});
  });

  it("what was meant for another process, or is nonsense, or no socket, is left alone", async () => {
    const file = openSync(join(folder, "file"), "w");
    for (const text of [`[8,["a",${fd}]]`, "", "{}", "nonsense", `[7,["a",${file}],["b",9999]]`]) {
      expect(await received(text)).toEqual([]);
      expect(claim("a")).toBe(undefined);
    }
    closeSync(file);
  });

  it("whom nobody has asked for is closed, and its path removed", async () => {
    const path = join(folder, "a.sock");
    // One that nobody else closes.
    const own = (await libc()).socket(1, 1, 0);
    await received(`[7,["${path}",${own}]]`);
    expect([isOpen(own), existsSync(path)]).toEqual([true, true]);
    closeUnclaimed();
    expect([isOpen(own), existsSync(path), claim(path)]).toEqual([false, false, undefined]);
  });
});
