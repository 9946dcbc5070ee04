import * as Result from "effect/Result";
import { expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import { type UnitSpec, unitsOf } from "../../src/unit/index.ts";

const load = (text: string): { readonly unit: UnitSpec; readonly codes: ReadonlyArray<string> } => {
  const { spec, warnings } = Result.getOrThrow(parse(text, "/etc/hsu.yaml"));
  return { unit: unitsOf(spec.root)[0]!, codes: warnings.map(({ code }) => code) };
};

const seed = `
managed_processes:
  - id: echo
    type: integrated_managed
    management:
      control: { executable: ./echo, arguments: [--log, 1.10], shutdown_timeout: 3s }
`;
const go = `
process_manager: { port: 50055 }
managed_processes:
  - id: echo
    type: integrated_managed
    management:
      integrated_managed:
        metadata: { name: echo }
        control:
          execution: { executable_path: ./echo, args: [--log, 1.10], environment: ["A=1"] }
          graceful_timeout: 3s
`;
const rust = `
managed_processes:
  - id: echo
    type: integrated_managed
    profile_type: anything
    management:
      integrated_managed:
        control:
          execution: { executable_path: ./echo, args: [--log, 1.10], environment: { A: 1 } }
          graceful_timeout: 3s
`;

it.each([
  ["seed", seed],
  ["Go", go],
  ["Rust", rust],
])("an integrated unit of the %s dialect loads; its arguments stay as they are written", (_, text) => {
  expect(load(text).unit).toMatchObject({
    id: "echo",
    kind: "integrated",
    executable: "/etc/echo",
    args: ["--log", "1.10"],
    stopTimeoutMillis: 3000,
  });
});

it("the block alone says the kind, and its policy is read", () => {
  const { codes, unit } = load(`
managed_processes:
  - id: echo
    management:
      integrated_managed:
        control: { execution: { executable_path: echo }, restart_policy: unless-stopped, limits: { priority: 1 } }
`);
  expect(unit).toMatchObject({ kind: "integrated", restart: { when: "unless_stopped" } });
  expect(codes).toEqual([]);
});

it.each([
  ["{}", { unix: "/tmp/hsu-registry.sock" }],
  ["{ unix: run/registry.sock }", { unix: "/etc/run/registry.sock" }],
  ["{ port: 17951 }", { port: 17951 }],
  ["{ unix: /run/r.sock, port: 8080 }", { unix: "/run/r.sock", port: 8080 }],
])("the registry of a master is where it says: %s", (registry, places) => {
  const { spec, warnings } = Result.getOrThrow(
    parse(`process_manager: { registry: ${registry} }\nmanaged_processes: []\n`, "/etc/hsu.yaml"),
  );
  expect(spec.registry).toEqual(places);
  expect(warnings.map(({ code }) => code)).toEqual(["HSU-CFG-104"]);
});

it("a master without one has none", () => {
  expect(Result.getOrThrow(parse("managed_processes: []\n", "/etc/hsu.yaml")).spec).not.toHaveProperty("registry");
});

it.each([
  ["true", {}],
  ["{ idle_timeout: 5m }", { idleMillis: 300_000 }],
  ["{ idle_timeout: 0 }", {}],
  ["false", undefined],
])("on_call: %s", (onCall, expected) => {
  const control = (executable: string) => `control: { ${executable}: echo, on_call: ${onCall} }`;
  const flat = load(`managed_processes: [{ id: a, type: integrated_managed, management: { ${control("executable")} } }]\n`);
  const nested = load(
    `managed_processes: [{ id: a, management: { integrated_managed: { control: { execution: { executable_path: echo }, on_call: ${onCall} } } } }]\n`,
  );
  for (const { codes, unit } of [flat, nested]) expect({ onCall: unit.onCall, codes }).toEqual({ onCall: expected, codes: [] });
});

it("on_call of a unit that nobody calls is said to have no effect", () => {
  const { codes, unit } = load("managed_processes: [{ id: a, management: { control: { executable: echo, on_call: true } } }]\n");
  expect({ onCall: unit.onCall, codes }).toEqual({ onCall: undefined, codes: ["HSU-CFG-101"] });
});
