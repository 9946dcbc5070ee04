/**
 * What each command prints with `-o json` of a master of the built program, held against the JSON Schema that is published of it. Commands run in this
 * process: a program each would be most of what this costs.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fileOf, shapes } from "../../src/cli/Shapes.ts";
import type { Json } from "../../src/config/JsonSchema.ts";
import { hsu, testIo } from "../cli/testIo.ts";
import { mistakes } from "../config/schema.ts";
import { type Home, home, until } from "./program.ts";

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

/** Nothing that is not said, so that it is seen what is missing there. */
const strict = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== "object" || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strict(value)]));
  return inner["type"] === "object" && inner["additionalProperties"] === undefined ? { ...inner, additionalProperties: false } : inner;
};

/** What is a spec, and may say more than the schema. */
const isOpen = (command: string): boolean => command === "validate";

const held = (command: string, out: string): void => {
  const published = JSON.parse(readFileSync(join("docs/reference/output", fileOf(command)), "utf8")) as Json;
  const schema = (isOpen(command) ? published : strict(published)) as Json;
  const all = shapes[command]!.isLines === true ? out.trimEnd().split("\n") : [out];
  expect(all.length).toBeGreaterThan(0);
  for (const one of all) expect({ command, wrong: mistakes(schema, JSON.parse(one), schema) }).toEqual({ command, wrong: [] });
};

it("is what the schema of the command says", async () => {
  const config = (more: object = {}): void => {
    const run = (script: string) => ({ management: { control: { executable: "sh", arguments: ["-c", script] } } });
    const units = [
      { id: "web", ...run("echo listening; sleep 600") },
      { id: "limited", ...run("exit 3"), after: ["web"] },
      { id: "ready", ...run("sleep 600"), ...more },
    ];
    const group = { id: "front", strategy: "one_for_one", children: units };
    writeFileSync(join(place.folder, "hsu.yaml"), JSON.stringify({ managed_processes: [group] }));
  };
  config();
  expect(await place.hsu("up", "-d")).toMatchObject({ err: "" });
  await until("it has failed", place.status, ({ units }) => units.some(({ lastExit }) => lastExit !== null));
  await place.hsu("token", "create", "me", "--group", "front", "--expires", "30d");
  await place.hsu("restart", "web");
  const env = {
    HSU_SOCKET: join(place.folder, "run/master.sock"),
    HSU_STATE_DIR: join(place.folder, "state"),
    HOME: place.folder,
    PATH: process.env["PATH"],
  };
  const seen = new Set<string>();
  const look = async (command: string, ...argv: ReadonlyArray<string>): Promise<void> => {
    seen.add(command);
    const io = testIo(place.folder, { env });
    await Effect.runPromise(hsu(io, ...(argv.length === 0 ? command.split(" ") : argv), "-o", "json"));
    held(command, io.out());
  };
  const watching = place.start("status", "--watch", "-o", "json");
  await Promise.all([
    look("status"),
    look("tree"),
    look("describe", "describe", "web"),
    look("top", "top", "--once", "--history"),
    look("events"),
    look("logs", "logs", "web"),
    look("history"),
    look("validate"),
    look("peer list"),
    look("token list"),
    look("audit"),
    look("audit verify"),
    look("doctor"),
  ]);
  await until("it is watched", watching.out, (out) => out.split("\n").length > 3);
  config({ enabled: false });
  await look("plan");
  await look("apply");
  await look("diff");
  await look("rollback");
  watching.child.kill("SIGINT");
  held("status --watch", (await watching.ended).out);
  seen.add("status --watch");
  writeFileSync(join(place.folder, "hsu.yaml"), "managed_processes: [{ id: web, managment: {} }]\n");
  await look("validate (findings)", "validate");
  expect([...seen].toSorted()).toEqual(Object.keys(shapes).toSorted());
  await place.hsu("down");
}, 60_000);
