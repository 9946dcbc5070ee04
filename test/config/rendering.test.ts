import * as Result from "effect/Result";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse, render } from "../../src/config/index.ts";
import { loadError } from "./support.ts";

describe("the file", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hsu-config-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("HSU-CFG-001: not there, or a folder", async () => {
    expect((await loadError("no/such.yaml")).message).toMatchInlineSnapshot(`
      "no/such.yaml:1:1: error HSU-CFG-001: there is no such file
          = give the path of a config file: hsu up FILE

      1 error"
    `);
    expect((await loadError(folder)).message.replaceAll(folder, "FOLDER")).toMatchInlineSnapshot(`
      "FOLDER:1:1: error HSU-CFG-001: this is a folder, not a file
          = give the path of a config file: hsu up FILE

      1 error"
    `);
  });

  it("is read from disk with the path as it was given", async () => {
    const file = join(folder, "hsu.yaml");
    writeFileSync(file, "managed_processes: 5\n");
    const error = await loadError(file);
    expect(error._tag).toBe("ConfigError");
    expect(error.code).toBe("HSU-CFG-007");
    expect(error.errors).toMatchObject([{ file, line: 1, column: 20, length: 1, severity: "error", text: "managed_processes: 5" }]);
  });
});

describe("rendering", () => {
  const found = (text: string) => {
    const result = parse(text, "hsu.yaml");
    if (Result.isSuccess(result)) throw new Error("no error found");
    return result.failure.diagnostics[0]!;
  };

  it("has colour only when asked", () => {
    expect(JSON.stringify(render(found("managed_processes: 5\n"), { color: true }))).toMatchInlineSnapshot(
      `""\\u001b[1mhsu.yaml:1:20:\\u001b[0m \\u001b[31merror\\u001b[0m HSU-CFG-007: \\"managed_processes\\" cannot be the number 5\\n  \\u001b[2m1 |\\u001b[0m managed_processes: 5\\n  \\u001b[2m  |\\u001b[0m                    \\u001b[31m^\\u001b[0m\\n  \\u001b[2m  =\\u001b[0m expected a list""`,
    );
    expect(render(found("managed_processes: 5\n"))).not.toContain("\u001b");
  });

  it("puts the caret under the place behind tabs and wide characters", () => {
    expect(render(found('managed_processes: ["名前", 5]\n'))).toMatchInlineSnapshot(`
      "hsu.yaml:1:21: error HSU-CFG-007: an entry of "managed_processes" cannot be the text "名前"
        1 | managed_processes: ["名前", 5]
          |                     ^^^^^^
          = expected a map"
    `);
    expect(render(found("managed_processes:\t5\n"))).toBe(
      'hsu.yaml:1:20: error HSU-CFG-007: "managed_processes" cannot be the number 5\n' +
        "  1 | managed_processes:\t5\n    |                   \t^\n    = expected a list",
    );
  });

  it("shows the part of a long line that matters", () => {
    const long = { ...found("managed_processes: 5\n"), column: 421, text: `${"x".repeat(420)}5${"y".repeat(900)}` };
    const [, shown, caret] = render(long).split("\n");
    expect(shown!.length).toBeLessThan(260);
    expect(shown![caret!.indexOf("^")]).toBe("5");
  });

  it("lets no file steer the terminal", () => {
    const hostile = render({ ...found('"\u001b[31mred\u001b]0;title\u0007\u009b2J": 1\n'), file: "\u001b[2J.yaml", hint: "\u001b[1m" });
    expect(hostile).toContain("[31mred");
    expect(hostile).not.toMatch(/[\u001b\u0007\u009b]/);
  });
});
