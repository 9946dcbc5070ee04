import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import { parseSize } from "../../src/config/LogBlocks.ts";
import { unitsOf } from "../../src/unit/index.ts";
import { findings } from "./support.ts";

const inOneLine = (text: string): string => text.replaceAll(/\n\s*/g, " ");

const file = (common: string, own = ""): string => `
managed_processes:
  - id: web
    type: standard_managed
    management:
      standard_managed:
        control:
          execution: { executable_path: /bin/x }
          ${own === "" ? "" : `log_collection: ${inOneLine(own)}`}
  - id: worker
    management: { control: { executable: x }, log_collection: { enabled: false, format: json } }
${common === "" ? "" : `log_collection: ${inOneLine(common)}`}
`;

const logsOf = (text: string) => {
  const { spec } = Result.getOrThrow(parse(text, "/etc/hsu/hsu.yaml"));
  return unitsOf(spec.root).map(({ capture, logs }) => ({ capture, logs }));
};

describe("log_collection", () => {
  it("is nothing where nobody speaks of it, and where it is off", () => {
    const both = { capture: { stdout: true, stderr: true }, logs: undefined };
    expect(logsOf(file(""))).toEqual([both, both]);
    expect(logsOf(file("{ enabled: false, default: { format: json, capture_stdout: false } }"))).toEqual([both, both]);
  });

  it("of a unit wins over the default, key by key, and targets say where, in which form and how long", () => {
    const common = `{ default: { capture_stderr: false, rotation: { max_size: 1MB, max_files: 3 }, processing: { filters: { exclude_patterns: ["^x"] } },
      outputs: { separate: { stdout: [{ type: file, path: "{process_id}.log", format: json, rotation: { max_age: 3d } }] } } },
      system: { process_directory: logs }, enhancement: { metadata: { add_sequence: true, add_hostname: true } } }`;
    const own = `{ rotation: { max_files: 7, interval: 1h, compress: true }, prefix: "[{process_id}]", backlog: { max_size: 2MiB },
      processing: { filters: { level_filter: warning }, parse_structured: true } }`;
    const [web] = logsOf(file(common, own));
    const rotation = { maxBytes: 1_000_000, maxFiles: 7, everyMillis: 3_600_000, compress: true };
    expect(web).toEqual({
      capture: { stdout: true, stderr: false },
      logs: {
        stdout: { path: "/etc/hsu/logs/web.log", format: "json", prefix: "[web]", rotation: { ...rotation, maxAgeMillis: 3 * 86_400_000 } },
        stderr: { format: "raw", prefix: "[web]", rotation },
        backlog: { maxBytes: 2 * 1024 ** 2, whenFull: "drop" },
        filters: { include: [], exclude: ["^x"], level: "warn" },
        withSequence: true,
        withHostname: true,
        parse: true,
      },
    });
  });

  it("warns of what is not in effect, where it stands", () => {
    expect(
      findings(
        file(
          `{ global_aggregation: { targets: [{ type: process_manager_stdout }] }, system: { buffer_size: 1MB } }`,
          "{ outputs: { separate: { stderr: [{ type: file, path: a }, { type: stderr }] } }, buffering: { max_lines: 3 } }",
        ),
      ),
    ).toMatchInlineSnapshot(`
      "
      hsu.yaml:9:11: warning HSU-CFG-101: unit "web": buffering, targets of stderr other than the first file in "log_collection" are accepted and not in effect in this version
        9 |           log_collection: { outputs: { separate: { stderr: [{ type: file, path: a }, { type: stderr }] } }, buffering: { max_lines: 3 } }
          |           ^^^^^^^^^^^^^^

      hsu.yaml:12:1: warning HSU-CFG-101: global_aggregation, buffer_size in "log_collection" are accepted and not in effect in this version
        12 | log_collection: { global_aggregation: { targets: [{ type: process_manager_stdout }] }, system: { buffer_size: 1MB } }
           | ^^^^^^^^^^^^^^

      2 warnings
      "
    `);
  });

  it("HSU-CFG-040: sizes, patterns, and two outputs in one file", () => {
    expect(findings(file(`{ default: { rotation: { max_size: much }, processing: { filters: { include_patterns: ["("] } } } }`)))
      .toMatchInlineSnapshot(`
      "
      hsu.yaml:12:52: error HSU-CFG-040: "max_size" cannot be the text "much"
        12 | log_collection: { default: { rotation: { max_size: much }, processing: { filters: { include_patterns: ["("] } } } }
           |                                                    ^^^^
           = expected a size: bytes, or a number with KB, MB, GB (powers of 1000) or KiB, MiB, GiB (powers of 1024)

      hsu.yaml:12:104: error HSU-CFG-040: an entry of "include_patterns" cannot be the text "("
        12 | log_collection: { default: { rotation: { max_size: much }, processing: { filters: { include_patterns: ["("] } } } }
           |                                                                                                        ^^^
           = expected a regular expression

      2 errors
      "
    `);
    expect(findings(file(`{ default: { outputs: { separate: { stdout: [{ path: a.log }], stderr: [{ path: ./a.log }] } } } }`)))
      .toMatchInlineSnapshot(`
      "
      hsu.yaml:12:70: error HSU-CFG-040: "a.log" would be the log of the stdout of unit "worker", and is that of the stdout of unit "web"
        12 | log_collection: { default: { outputs: { separate: { stdout: [{ path: a.log }], stderr: [{ path: ./a.log }] } } } }
           |                                                                      ^^^^^
           = expected a file for each output
           = each unit has its own with "{process_id}" in the path

      hsu.yaml:12:97: error HSU-CFG-040: "./a.log" would be the log of the stderr of unit "web", and is that of the stdout of unit "web"
        12 | log_collection: { default: { outputs: { separate: { stdout: [{ path: a.log }], stderr: [{ path: ./a.log }] } } } }
           |                                                                                                 ^^^^^^^
           = expected a file for each output
           = each unit has its own with "{process_id}" in the path

      hsu.yaml:12:97: error HSU-CFG-040: "./a.log" would be the log of the stderr of unit "worker", and is that of the stdout of unit "web"
        12 | log_collection: { default: { outputs: { separate: { stdout: [{ path: a.log }], stderr: [{ path: ./a.log }] } } } }
           |                                                                                                 ^^^^^^^
           = expected a file for each output
           = each unit has its own with "{process_id}" in the path

      3 errors
      "
    `);
  });

  it("takes sizes as people write them", () => {
    expect(["10MB", "10 MiB", "1.5k", 7, "7", "1GB", "x", "10XB", true, "-1"].map(parseSize)).toEqual([
      10_000_000,
      10 * 1024 ** 2,
      1536,
      7,
      7,
      1e9,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
