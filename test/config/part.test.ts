/**
 * A large file of which a part has changed: what is made of the part alone is what the whole file says, or nothing is made of it.
 */
import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import { type Part, partOf, wholeOf } from "../../src/config/plan/Part.ts";

const file = "/srv/hsu/hsu.yaml";
const units = 900;
const unit = (index: number): string => `  # number ${index}
  - id: unit-${index}
    ${index % 100 === 7 ? "after: [unit-3]" : "enabled: true"}
    management:
      control:
        executable: sh
        arguments: ["${index}", x]
        environment: { A: "1", B: two }
      restart_policy: { strategy: always, restart_delay: 100ms }
`;
const group = `  - id: group
    intensity: 3
    period: 10s
    children:
      - id: inside
        management: { control: { executable: sh } }
`;
const head = "process_manager: { log_level: info }\ndefaults: { management: { control: { startup_timeout: 9s } } }\nmanaged_processes:\n";
const tail = "log_collection: { enabled: true, default: { enabled: true } }\n";
const whole = head + Array.from({ length: units }, (_, index) => unit(index) + (index === 500 ? group : "")).join("") + tail;

const load = (text: string, isPart = false) => parse(text, file, {}, () => {}, false, undefined, isPart);
const before = Result.getOrThrow(load(whole)).spec;

/** The tree that comes of the part; undefined: the whole has to be read. */
const viaPart = (text: string) => {
  const found = partOf(text, before.marks!, file);
  if (found === undefined) return undefined;
  const read = found.text === null ? undefined : load(found.text, true);
  if (read !== undefined && (Result.isFailure(read) || read.success.warnings.length > 0)) return undefined;
  const part = found.with(read?.success);
  return part === undefined ? undefined : { part, spec: wholeOf(before, part) };
};

const edited = (from: string, to: string): string => {
  expect(whole.split(from)).toHaveLength(2);
  return whole.replace(from, () => to);
};
const args = (index: number): string => `arguments: ["${index}", x]`;

describe("a part", () => {
  it.each([
    ["an argument", edited(args(450), 'arguments: ["other"]')],
    ["the first and a near one", edited(args(0), "arguments: [a]").replace(args(9), "arguments: [b]")],
    ["the last", edited(args(units - 1), "arguments: [a]")],
    [
      "a policy",
      edited(
        `${args(3)}\n        environment: { A: "1", B: two }\n      restart_policy: { strategy: always`,
        `${args(3)}\n      restart_policy: { strategy: never`,
      ),
    ],
    [
      "a unit of a group",
      edited(
        "inside\n        management: { control: { executable: sh }",
        "inside\n        management: { control: { executable: sh, arguments: [a] }",
      ),
    ],
    ["of one that waits for another", edited(args(407), "arguments: [a]")],
    ["a comment", edited("  # number 77\n", "  # seventy-seven, and more of it\n")],
    ["nothing", whole],
  ])("is what the whole says: %s", (_, text) => {
    const found = viaPart(text);
    const { marks: _marks, ...now } = found!.spec!;
    const { marks: _of, ...all } = Result.getOrThrow(load(text)).spec;
    expect(now).toEqual(all);
    expect(found!.part.children.length).toBeLessThan(30);
  });

  it.each([
    ["of the head", edited("log_level: info", "log_level: warn")],
    [
      "of the tail",
      edited("log_collection: { enabled: true, default: { enabled: true }", "log_collection: { enabled: true, default: { enabled: false }"),
    ],
    ["a unit more", edited("  # number 77\n", `${unit(7777)}  # number 77\n`)],
    ["a unit less", edited(unit(77), "")],
    ["two in another order", edited(unit(77) + unit(78), unit(78) + unit(77))],
    ["another name", edited("- id: unit-77\n", "- id: unit-7777\n")],
    ["a name that there is elsewhere", edited("- id: unit-77\n", "- id: unit-800\n")],
    ["another order", edited("- id: unit-77\n", "- id: unit-77\n    requires: [unit-800]\n")],
    [
      "a policy below a limit",
      edited(
        "inside\n        management: { control: { executable: sh }",
        "inside\n        management: { restart_policy: never, control: { executable: sh }",
      ),
    ],
    ["a limit", edited("intensity: 3", "intensity: 2")],
    ["a variable", edited(args(450), "arguments: ['${HOME}']")],
    ["an anchor", edited(args(450), "arguments: &a [a]")],
    ["a mistake", edited(args(450), "argument: [a]")],
    ["a warning", edited(args(450), "arguments: [a]\n      logging: { buffer_size: 1 }")],
    ["deeper", edited("  # number 77\n", "      - id: unit-7777\n        management: { control: { executable: sh } }\n  # number 77\n")],
    ["a key before the list goes on", edited("  # number 77\n", "log_collection:\n  # number 77\n")],
    ["an open bracket", edited(args(450), 'arguments: ["450", x')],
    [
      "another dialect",
      edited(
        `      control:\n        executable: sh\n        ${args(450)}\n        environment: { A: "1", B: two }\n      restart_policy: { strategy: always, restart_delay: 100ms }\n`,
        "      standard_managed: { metadata: { name: a }, control: { execution: { executable_path: /bin/sh } } }\n",
      ),
    ],
  ])("is not made of what more may depend on: %s", (_, text) => {
    expect(viaPart(text)?.spec).toBeUndefined();
  });

  it("is for the tree that it is made for, and made of what is sound", () => {
    const { part } = viaPart(edited(args(450), "arguments: [other]"))!;
    const next = wholeOf(before, part)!;
    expect(wholeOf(next, part)).toBeUndefined();
    expect(wholeOf({ ...before, source: "/elsewhere.yaml" }, part)?.source).toBe(file);
    const { marks: _, ...code } = before;
    expect(wholeOf(code, part)).toBeUndefined();
    expect(wholeOf(before, { ...part, children: [{ _tag: "Unit", id: "../x" }] } as unknown as Part)).toBeUndefined();
  });

  it.each([
    ["variables", whole.replace("two", '"${HOME}"')],
    ["aliases", whole.replace("two", "&two two").replace("B: two", "B: *two")],
    ["a warning", whole.replace("two }", "two }\n      logging: { buffer_size: 1 }")],
    ["little", head + unit(1)],
  ])("is not looked for in a file with %s", (_, text) => {
    expect(load(text)).toMatchObject({ _tag: "Success" });
    expect(Result.getOrThrow(load(text)).spec.marks).toBeUndefined();
  });
});
