import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

it.each(["interrupt", "reply", "wake"])(
  "a call that is over keeps no process alive until its deadline: %s",
  (how) => {
    const { signal, stdout } = spawnSync(process.execPath, ["test/programs/far.ts", how], { encoding: "utf8", timeout: 20_000 });
    expect([signal, stdout]).toEqual([null, "done"]);
  },
  30_000,
);
