import * as Effect from "effect/Effect";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { load } from "../../src/config/index.ts";

it("a program that is not on this machine is a warning at its name, with the PATH that was searched", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hsu-executables-"));
  try {
    writeFileSync(join(folder, "plain"), "");
    writeFileSync(join(folder, "tool"), "#!/bin/sh\n");
    chmodSync(join(folder, "tool"), 0o755);
    const unit = (id: string, control: string, more = ""): string => `- {id: ${id}, ${more}management: {control: {${control}}}}\n`;
    const units = [
      unit("sh", "executable: sh"),
      unit("own", "executable: tool, environment: {PATH: .}"),
      unit("path", "executable: ./tool"),
      unit("gone", "executable: ./gone", "count: 2, "),
      unit("plain", "executable: ./plain"),
      unit("name", "executable: tool, environment: {PATH: /nowhere:/none}"),
      unit("folder", "executable: sh, working_directory: ./none"),
      unit("off", "executable: ./gone", "enabled: false, "),
    ];
    writeFileSync(join(folder, "hsu.yaml"), `managed_processes:\n${units.join("")}`);
    const { warnings } = await Effect.runPromise(load(join(folder, "hsu.yaml")));
    expect(warnings.map(({ code, column, hint, line, message }) => `${line}:${column} ${code} ${message}; ${hint}`)).toStrictEqual([
      `5:59 HSU-CFG-110 unit "gone-0": ${folder}/gone is not there; the unit cannot start before it is`,
      `6:50 HSU-CFG-110 unit "plain": ${folder}/plain may not be executed; the unit cannot start before it is`,
      '7:49 HSU-CFG-110 unit "name": there is no program "tool" on its PATH; searched: /nowhere:/none',
      `8:74 HSU-CFG-110 unit "folder": there is no folder ${folder}/none; the unit cannot start before it is there`,
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
