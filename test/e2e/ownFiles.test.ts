/**
 * What a package manager does to a master that runs: the files of its program are gone, and those of another version are in their place.
 */
import { cpSync, mkdtempSync, readdirSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, inject, it } from "vitest";
import { home, until } from "./program.ts";

it.skipIf(process.platform !== "linux")(
  "a master whose files have been replaced still takes commands, hands over, and ends",
  async () => {
    const built = dirname(dirname(inject("builtProgram")));
    // Beside the one that was built: what both import lies above them.
    const copy = mkdtempSync(`${built}-replaced-`);
    cpSync(built, copy, { recursive: true });
    const place = home(undefined, join(copy, "bin/hsu.mjs"));
    const client = home(undefined, undefined, place.folder);
    try {
      const sleeper = { id: "a", management: { control: { executable: "sleep", arguments: ["600"] } } };
      writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify({ managed_processes: [sleeper] }));
      expect((await place.hsu("up", "-d")).code).toBe(0);
      const { pid } = await place.status();
      const chunks = readdirSync(join(copy, "bin")).filter((name) => /-[\w-]{8}\.mjs$/.test(name)).length;
      const isHeld = (file: string): boolean => {
        try {
          return readlinkSync(`/proc/${pid}/fd/${file}`).startsWith(join(copy, "bin"));
        } catch {
          return false;
        }
      };
      await until(
        "they are held",
        () => readdirSync(`/proc/${pid}/fd`).filter(isHeld),
        (held) => held.length >= chunks,
      );
      // As npm does it: the old folder gets another name, and is emptied then.
      renameSync(join(copy, "bin"), join(copy, ".bin"));
      for (const name of readdirSync(join(copy, ".bin"))) rmSync(join(copy, ".bin", name), { recursive: true });
      expect(await client.hsu("restart", "a")).toMatchObject({ code: 0, err: "" });
      expect(await client.hsu("plan")).toMatchObject({ code: 0, out: "no changes\n" });
      expect((await client.hsu("upgrade")).out).toMatch(new RegExp(`^master ${pid} is version .*; 1 unit went on\n$`));
      expect(await client.hsu("down")).toMatchObject({ code: 0 });
      expect(place.left()).toEqual([]);
    } finally {
      place.clean();
      rmSync(copy, { recursive: true, force: true });
    }
  },
  60_000,
);
