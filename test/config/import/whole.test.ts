/** Each kind of file as a whole: the config that is made of it, and all that is told. `-u` writes the expected texts. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Kind } from "../../../src/config/import/index.ts";
import { imported } from "./support.ts";

const fixtures = join(dirname(fileURLToPath(import.meta.url)), "../fixtures/import");
const textsOf = (folder: string, names: ReadonlyArray<string> = readdirSync(join(fixtures, folder))): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, readFileSync(join(fixtures, folder, name), "utf8")]));

const services = readdirSync(join(fixtures, "systemd")).filter((name) => !name.endsWith(".d"));

const cases: ReadonlyArray<
  readonly [name: string, kind: Kind, files: Readonly<Record<string, string>>, beside: Readonly<Record<string, string>>]
> = [
  ["procfile", "procfile", textsOf("", ["Procfile"]), { ".env": "SECRET=1\n" }],
  ["supervisord", "supervisord", textsOf("supervisord"), {}],
  ["systemd", "systemd", textsOf("systemd", services), textsOf("systemd", ["app.service.d/override.conf"])],
  ["pm2", "pm2", textsOf("pm2", ["processes.yaml"]), {}],
  ["compose", "compose", textsOf("compose"), { "web.env": "A=1\n", ".env": "GREETING='good morning'\nDB_PASSWORD=x\n" }],
];

describe("an import", () => {
  it.each(cases)("of %s is a config that can be run, and says what is not in it", async (name, kind, files, beside) => {
    const { text, told, warnings, wrong } = imported(kind, files, beside);
    expect(wrong).toBe("");
    const shown = [
      text,
      "# Told",
      ...told.map((each) => `#   ${each}`),
      "# Warnings of the config",
      ...warnings.map((each) => `#   ${each}`),
      "",
    ];
    await expect(shown.join("\n")).toMatchFileSnapshot(join(fixtures, "expected", `${name}.txt`));
  });
});
