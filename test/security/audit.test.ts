/** The audit log: its chain, and what it holds over the death of who writes it. */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Stream from "effect/Stream";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { audited } from "../../src/master/Audited.ts";
import type { AuditHead, AuditRecord, AuditVerdict } from "../../src/protocol/Audit.ts";
import { AuditFile, filesOf, recordsOf, verify } from "../../src/security/audit/Parts.ts";
import { askedBy, Audit } from "../../src/security/index.ts";
import { MemoryStore } from "../../src/store/index.ts";
import { make as fakeControl } from "../api/fakeControl.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hsu-audit-"));
  path = join(folder, "audit.log");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const usual = { maxBytes: 1_000_000, maxFiles: 3 };
let head: AuditHead | null = null;
beforeEach(() => void (head = null));

/** As a master that starts has it: the file is opened anew. */
const writer = (rotation = usual) => new AuditFile({ path, rotation, known: () => head, remember: (next) => void (head = next) });
const record = (operation: string): Omit<AuditRecord, "seq" | "prev"> => ({
  at: 1_800_000_000_000,
  kind: "begun",
  operation,
  target: "web",
});
const write = (count: number, rotation = usual): void => {
  const file = writer(rotation);
  for (let index = 0; index < count; index++) file.append(record(`Operation ${index}`));
  file.close();
};
const verdict = (known: AuditHead | null = head): AuditVerdict => Effect.runSync(verify(path, known));

it("holds over masters, and any byte that is another one breaks it at its record", () => {
  write(3);
  write(3);
  expect(verdict()).toEqual({ ok: true, records: 6, first: 1, last: 6, torn: 0, headKnown: true, broken: null });
  const whole = readFileSync(path);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
      const changed = Buffer.from(whole);
      changed[at] = changed[at]! ^ by;
      writeFileSync(path, changed);
      const line = whole.subarray(0, at).toString("latin1").split("\n").length;
      const { broken } = verdict();
      // A newline more or less may be seen at the line before, and in the last record behind both halves of it.
      expect([line - 1, line, line + 1, line + 2]).toContain(broken?.line);
    }),
    { numRuns: 200 },
  );
});

it("a line that was removed, doubled, moved or made anew breaks it", () => {
  write(5);
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  const as = (changed: ReadonlyArray<string>): AuditVerdict["broken"] => {
    writeFileSync(path, changed.map((line) => `${line}\n`).join(""));
    return verdict().broken;
  };
  expect(as(lines)).toBeNull();
  expect(as(lines.toSpliced(2, 1))).toMatchObject({ line: 3, seq: 4, why: "record 3 is missing before it" });
  expect(as(lines.toSpliced(2, 0, lines[2]!))).toMatchObject({ line: 4, seq: 3, why: "it comes after record 3" });
  expect(as(lines.slice(1))).toMatchObject({ line: 1, seq: 2, why: "records 1 to 1 are missing before it" });
  expect(as([])).toMatchObject({ seq: 1, why: "the end was cut off: records up to 5 were written, and there are none after 0" });
  // Who makes a whole new chain has not the head that the state knows.
  const other = head;
  rmSync(path);
  head = null;
  write(4);
  const file = writer();
  file.append({ ...record("another"), target: "db" });
  file.close();
  expect(verdict(other).broken).toMatchObject({ seq: 5, why: "it is another record than the one that was written" });
});

it("its end that was cut off is known by the state, now and after the next master has gone on", () => {
  write(5);
  const lines = readFileSync(path, "utf8").split("\n");
  truncateSync(path, lines.slice(0, 3).join("\n").length + 1);
  const why = "the end was cut off: records up to 5 were written, and there are none after 3";
  expect(verdict().broken).toEqual({ file: path, line: 4, seq: 4, why });
  expect(verdict(null)).toMatchObject({ ok: true, headKnown: false, last: 3 });
  write(1);
  expect(verdict().broken).toEqual({ file: path, line: 4, seq: 6, why: "records 4 to 5 are missing before it" });
  expect([...recordsOf(path, {})].at(-1)?.missing).toEqual({ from: 4, to: 5 });
});

it("a master that is killed at any byte of a line leaves a torn one, which the next marks", () => {
  write(2);
  const before = readFileSync(path);
  const known = head;
  write(1);
  const after = readFileSync(path);
  for (let length = before.length + 1; length < after.length - 1; length += 7) {
    writeFileSync(path, after.subarray(0, length));
    head = known;
    expect(verdict()).toMatchObject({ ok: true, records: 2, torn: 1 });
    write(2);
    // What was torn is still there, to the byte.
    expect(readFileSync(path).subarray(0, length)).toEqual(after.subarray(0, length));
    expect(verdict()).toMatchObject({ ok: true, records: 4, last: 4, torn: 1 });
    // Who changes what was torn is found out as well.
    const changed = Buffer.from(readFileSync(path));
    changed[length - 1] = changed[length - 1]! ^ 1;
    writeFileSync(path, changed);
    expect(verdict().ok).toBe(false);
  }
  // Only its newline is missing: it is a record.
  writeFileSync(path, after.subarray(0, -1));
  head = known;
  write(1);
  expect(verdict()).toMatchObject({ ok: true, records: 4, torn: 0 });
});

it("goes on in the next file with the hash of the last, and keeps so many", () => {
  write(60, { maxBytes: 2000, maxFiles: 3 });
  const files = filesOf(path);
  expect(files.length).toBeLessThanOrEqual(3);
  expect(files.length).toBeGreaterThan(1);
  const { first, ...found } = verdict();
  expect(found).toMatchObject({ ok: true, last: 60, broken: null });
  expect(first).toBeGreaterThan(1);
  write(1, { maxBytes: 2000, maxFiles: 3 });
  expect(verdict()).toMatchObject({ ok: true, last: 61 });
  // Nobody else may remove the oldest.
  unlinkSync(filesOf(path)[0]!);
  expect(verdict().broken?.why).toMatch(/^records \d+ to \d+ are missing before it$/);
});

const trail = (more: Partial<Audit.Options> = {}) => {
  const failures: Array<string> = [];
  const store = MemoryStore.make();
  const made = Audit.make({
    path,
    rotation: usual,
    onFailure: "refuse",
    store,
    version: "test",
    pid: 1,
    startedAt: 0,
    unwritable: ({ message }) => void failures.push(message),
    ...more,
  });
  return { made, failures, store };
};

const all = (made: Audit.Trail, request = {}) => Effect.runPromise(Stream.runCollect(made.records(request)));

it("has who asked for what before it is done, and what has become of it, without any secret", async () => {
  const { made } = trail();
  await Effect.gen(function* () {
    const fake = yield* fakeControl;
    const control = audited(fake.control, made);
    const ci = askedBy(Effect.succeed({ door: "http", name: "token ci", role: "operator", address: "127.0.0.1" }));
    yield* ci(control.restart("web"));
    yield* Effect.exit(control.start("broken"));
    yield* Stream.runDrain(control.call({ unit: "web", method: "a.B/C", json: '{"password":"s3cr3t"}', timeoutMillis: 1 }));
    const spec = yield* control.spec;
    yield* control.apply({ ...spec, logLevel: "s3cr3t" as "info" }, "by hand");
    yield* Effect.interruptible(Effect.timeout(Effect.ignore(made.around({ operation: "Wait" }, Effect.never)), 1)).pipe(Effect.ignore);
    yield* made.refused({ door: "rpc", address: "10.0.0.1" }, { operation: "Apply" }, "HSU-RPC-004");
    // Nothing is changed by these.
    yield* control.status;
    yield* control.describe("web");
  }).pipe(Effect.runPromise);
  const seen = (await all(made)).map(({ code, kind, of, operation, outcome, target, who }) =>
    [kind, operation, target, who?.name ?? who?.door, of, outcome, code].filter((each) => each !== undefined).join(" "),
  );
  expect(seen).toEqual([
    "opened",
    "begun Restart web token ci",
    "done Restart web 2 ok",
    "begun Start broken program",
    "done Start broken 4 failed HSU-UNIT-003",
    "begun Call web program",
    "done Call web 6 ok",
    "begun Apply /etc/hsu/hsu.yaml program",
    "done Apply /etc/hsu/hsu.yaml 8 ok",
    "begun Wait program",
    "done Wait 10 interrupted",
    "refused Apply rpc HSU-RPC-004",
  ]);
  expect(readFileSync(path, "utf8")).not.toContain("s3cr3t");
  expect((await all(made, { who: "ci" })).map(({ seq }) => seq)).toEqual([2, 3]);
  expect((await all(made, { unit: "broken" })).map(({ seq }) => seq)).toEqual([4, 5]);
  expect(await Effect.runPromise(made.verify)).toMatchObject({ ok: true, records: 12 });
});

it("what cannot be written down is not done, but for what ends something; and how much was lost is told", async () => {
  // A folder is where the file should be: also root cannot write there.
  const { failures, made, store } = trail({ path: folder });
  const done: Array<string> = [];
  const act = (operation: string, isEnd = false) =>
    Effect.runPromiseExit(
      made.around(
        { operation, isEnd },
        Effect.sync(() => void done.push(operation)),
      ),
    );
  const refused = await act("Start");
  expect(Exit.isFailure(refused) && String(refused.cause)).toContain("nothing was done: the audit log");
  await act("Stop", true);
  expect(done).toEqual(["Stop"]);
  expect(failures).toHaveLength(1);
  const lenient = trail({ path: folder, onFailure: "go_on", store }).made;
  await Effect.runPromise(
    lenient.around(
      { operation: "Start" },
      Effect.sync(() => void done.push("Start")),
    ),
  );
  expect(done).toEqual(["Stop", "Start"]);
});

it("a file that cannot be written for a while: what was lost is told with the next record", async () => {
  const elsewhere = join(folder, "sub/audit.log");
  const { failures, made } = trail({ path: elsewhere, onFailure: "go_on" });
  writeFileSync(join(folder, "sub"), "");
  await Effect.runPromise(made.around({ operation: "Lost" }, Effect.void));
  rmSync(join(folder, "sub"));
  await Effect.runPromise(made.around({ operation: "Kept" }, Effect.void));
  expect((await all(made)).map(({ kind, lost }) => [kind, lost])).toEqual([
    ["opened", 2],
    ["begun", undefined],
    ["done", undefined],
  ]);
  expect(failures).toHaveLength(1);
});

it("who may do nothing does not fill it: refusals beyond some are counted", async () => {
  const { made } = trail();
  await Effect.runPromise(
    Effect.forEach(Array.from({ length: 500 }), () => made.refused({ door: "rpc" }, { operation: "Connect" }, "HSU-RPC-003"), {
      discard: true,
    }),
  );
  const refusals = (await all(made)).filter(({ kind }) => kind === "refused");
  expect(refusals.length).toBeGreaterThanOrEqual(20);
  expect(refusals.length).toBeLessThan(30);
  expect(readdirSync(folder)).toEqual(["audit.log"]);
});

it("garbage of any kind is no record, and no crash", () => {
  write(2);
  for (const garbage of ["\n", "{}\n", '{"seq":3,"prev":"","hash":"0"}\n', "\0\xff".repeat(1000)]) {
    const before = readFileSync(path);
    appendFileSync(path, garbage, "latin1");
    expect([...recordsOf(path, {})]).toHaveLength(2);
    expect(verdict()).toMatchObject({ records: 2, torn: 1 });
    writeFileSync(path, before);
  }
});
