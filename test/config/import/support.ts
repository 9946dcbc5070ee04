import * as Result from "effect/Result";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { importFrom, type Kind, type World } from "../../../src/config/import/index.ts";
import { parse } from "../../../src/config/index.ts";
import { type UnitSpec, unitsOf } from "../../../src/unit/UnitSpec.ts";

/** Texts by the names of their files. */
export type Files = Readonly<Record<string, string>>;

const orNull = <A>(read: () => A): A | null => {
  try {
    return read();
  } catch {
    return null;
  }
};

const worldAt = (folder: string): World => ({
  folder,
  readFile: (path) => orNull(() => readFileSync(path, "utf8")),
  list: (path) => orNull(() => readdirSync(path).sort()) ?? [],
  hostname: "host",
});

/** In a folder with these files, of which the first ones are imported and the others are beside them. */
export const imported = (kind: Kind, files: Files, beside: Files = {}, said?: unknown, instance?: string) => {
  const folder = mkdtempSync(join(tmpdir(), "hsu-import-"));
  try {
    for (const [name, text] of Object.entries({ ...files, ...beside })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const texts = Object.entries(files).map(([name, text]) => ({
      file: join(folder, name),
      text,
      ...(said === undefined ? {} : { said }),
      ...(instance === undefined ? {} : { instance }),
    }));
    const { findings, text } = importFrom(kind, texts, worldAt(folder));
    const loaded = text === undefined ? undefined : parse(text, join(folder, "hsu.yaml"), {});
    return {
      text: text?.replaceAll(folder, "/srv"),
      /** `line:column code message`. */
      told: findings.map(({ code, column, line, message }) => `${line}:${column} ${code.slice(-3)} ${message.replaceAll(folder, "/srv")}`),
      /** What is wrong with the config that it makes. */
      wrong: loaded !== undefined && Result.isFailure(loaded) ? loaded.failure.message : "",
      warnings: loaded !== undefined && Result.isSuccess(loaded) ? loaded.success.warnings.map(({ message }) => message) : [],
      /** By id. */
      units: Object.fromEntries(
        (loaded !== undefined && Result.isSuccess(loaded) ? unitsOf(loaded.success.spec.root) : []).map((unit) => [
          unit.id,
          JSON.parse(JSON.stringify(unit).replaceAll(folder, "/srv")) as UnitSpec,
        ]),
      ),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
