/** Files of every dialect, as the code that makes them: Node runs it, and what it makes is what the file makes. That it compiles is in test/docs. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deserialize } from "node:v8";
import * as Result from "effect/Result";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eject } from "../../src/config/code/Eject.ts";
import { parse } from "../../src/config/index.ts";
import { isEmpty, plan } from "../../src/config/plan/Plan.ts";
import type { MasterSpec } from "../../src/unit/UnitSpec.ts";
import { cases, root } from "./ejected.ts";
import { yaml } from "./support.ts";

let folder: string;
let made: ReadonlyArray<MasterSpec>;
const specs: Array<MasterSpec> = [];
const places: Array<string> = [];

beforeAll(() => {
  mkdirSync(join(root, ".cache"), { recursive: true });
  folder = mkdtempSync(join(root, ".cache/eject-"));
  for (const [index, [name, text]] of cases.entries()) {
    const file = join(folder, `tree${index}.ts`);
    const spec = Result.getOrThrow(parse(text, join(folder, "hsu.yaml"), {})).spec;
    const code = eject(spec, file, name);
    places.push(file);
    specs.push(spec);
    writeFileSync(file, code.replaceAll('"hsu/master"', '"../../src/master/index.ts"'));
  }
  const program = `import { serialize } from "node:v8"; import { writeFileSync } from "node:fs";
const made = [];
for (const file of ${JSON.stringify(places)}) made.push((await import(file)).spec);
writeFileSync("made", serialize(made));`;
  execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: folder });
  made = deserialize(readFileSync(join(folder, "made"))) as ReadonlyArray<MasterSpec>;
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a config, ejected", () => {
  it.each(cases.map(([name], index) => [name, index] as const))("%s makes the same tree", (_, index) => {
    expect(made[index]).toStrictEqual({ ...specs[index], source: places[index] });
    expect(isEmpty(plan(specs[index]!, made[index]!))).toBe(true);
  });

  it("is what a person would write", () => {
    const text = yaml`
      process_manager: { force_shutdown_timeout: 15s }
      managed_processes:
        - id: web
          strategy: one_for_all
          intensity: 5
          period: 30s
          children:
            - id: server
              management:
                control: { executable: ./bin/server, arguments: [--port, 8080], working_directory: data, shutdown_timeout: 15s, startup_timeout: 60s }
                restart_policy: { strategy: always, restart_delay: 500ms }
            - id: side-car
              management: { control: { executable: node } }
    `;
    const { spec } = Result.getOrThrow(parse(text, "/srv/hsu.yaml"));
    expect(eject(spec, "/srv/tree.ts", "hsu.yaml")).toMatchInlineSnapshot(`
      "/**
       * The tree of hsu.yaml, in code: \`hsu eject\` has made it. \`node FILE\` runs it.
       */
      import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
      import * as Layer from "effect/Layer";
      import { define, layer, millis } from "hsu/master";

      const { group, master, unit } = define(import.meta.filename);

      const server = unit({
        id: "server",
        executable: "./bin/server",
        args: ["--port", "8080"],
        workingDirectory: "./data",
        stopTimeoutMillis: millis("15s"),
        restart: { delayMillis: millis("500ms") },
      });

      const sideCar = unit({
        id: "side-car",
        executable: "node",
      });

      const web = group({
        id: "web",
        strategy: "one_for_all",
        limit: { intensity: 5, periodMillis: millis("30s") },
        children: [server, sideCar],
      });

      export const spec = master({
        forceShutdownTimeoutMillis: millis("15s"),
        children: [web],
      });

      if (import.meta.main) NodeRuntime.runMain(Layer.launch(layer(spec)));
      "
    `);
  });
});
