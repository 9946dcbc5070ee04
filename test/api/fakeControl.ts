/**
 * A `Control` without a master: one unit `web` that obeys, one `broken` that does not start, and what was asked of it.
 */
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as PubSub from "effect/PubSub";
import * as Stream from "effect/Stream";
import { Remote } from "../../src/actor/index.ts";
import type { Control } from "../../src/master/Control.ts";
import { planBetween } from "../../src/master/Planning.ts";
import { Masking } from "../../src/security/index.ts";
import * as Registry from "../../src/integrated/Registry.ts";
import { CallDeadline } from "../../src/protocol/CallErrors.ts";
import { InvalidTransition, StartFailed, UnitNotFound } from "../../src/protocol/Errors.ts";
import { ConfigInvalid, type Finding, RevisionNotFound } from "../../src/protocol/PlanRpc.ts";
import { NoSuchExec } from "../../src/protocol/ExecRpc.ts";
import type { MasterSpec } from "../../src/unit/UnitSpec.ts";
import type { CallReply, LogLine, MasterEvent, MasterStatus, TreeNode, UnitState, UnitStatus } from "../../src/protocol/MasterRpc.ts";

/** What it runs. */
const spec: MasterSpec = {
  source: "/etc/hsu/hsu.yaml",
  logLevel: "info",
  forceShutdownTimeoutMillis: 30_000,
  root: { _tag: "Group", id: "units", strategy: "one_for_one", children: [] },
};

const finding: Finding = {
  code: "HSU-CFG-007",
  severity: "error",
  file: "/etc/hsu/hsu.yaml",
  line: 1,
  column: 1,
  length: 5,
  message: "a mapping is expected",
};

export const now = 1_800_000_000_000;

export const unit = (id: string, more: Partial<UnitStatus> = {}): UnitStatus => ({
  id,
  kind: "managed",
  groups: ["units", "front"],
  state: "running",
  reason: null,
  pid: 4242,
  restarts: 0,
  startedAt: now - 65_000,
  nextStartAt: null,
  lastExit: null,
  memory: 12_582_912,
  health: null,
  ready: true,
  ...more,
});

export const event = (seq: number, type: string, message: string, path = ["units", "front", "web"]): MasterEvent => ({
  seq,
  at: now + seq * 1000,
  path,
  type,
  message,
});

export const tree = (states: Readonly<Record<string, UnitState>> = {}): TreeNode => {
  const leaf = (id: string): TreeNode => ({
    id,
    kind: "unit",
    strategy: null,
    state: states[id] ?? "running",
    pid: 4242,
    restarts: id === "web" ? 2 : 0,
    children: [],
  });
  const group = (id: string, strategy: string, children: ReadonlyArray<TreeNode>): TreeNode => ({
    id,
    kind: "supervisor",
    strategy,
    state: "running",
    pid: null,
    restarts: 0,
    children,
  });
  return group("master", "one_for_one", [
    { id: "api", kind: "worker", strategy: null, state: "running", pid: null, restarts: 0, children: [] },
    group("units", "one_for_one", [group("front", "rest_for_one", [leaf("web"), leaf("client")]), leaf("broken")]),
  ]);
};

export const status = (units: ReadonlyArray<UnitStatus>): MasterStatus => ({
  pid: 99,
  version: "0.1.0",
  source: "/etc/hsu/hsu.yaml",
  phase: "running",
  startedAt: now - 3_600_000,
  now,
  memory: 62_914_560,
  units,
});

/** `Control` over data; `calls` records the commands, `happen` and `write` feed the streams, `end` completes `terminated`. */
export const make = Effect.gen(function* () {
  const calls: Array<string> = [];
  const registry = yield* Registry.make({ sight: () => "unknown" });
  const history: Array<MasterEvent> = [event(1, "started", "started, pid 4242"), event(2, "exited", "exited with code 1")];
  const logged: Array<LogLine> = [
    { unit: "web", stream: "stdout", text: "listening" },
    { unit: "web", stream: "stderr", text: "warning: 1" },
  ];
  const events = yield* PubSub.unbounded<MasterEvent>();
  const lines = yield* PubSub.unbounded<LogLine>();
  const ended = yield* Deferred.make<void>();
  const units: Array<UnitStatus> = [unit("web"), unit("broken", { state: "failed", pid: null, reason: "gave up after 3 restarts" })];
  let following = 0;
  let broken = false;
  const find = (id: string): Effect.Effect<UnitStatus, UnitNotFound> => {
    const found = units.find((candidate) => candidate.id === id);
    return found === undefined ? Effect.fail(new UnitNotFound({ unit: id, nearest: id === "wep" ? "web" : null })) : Effect.succeed(found);
  };
  const followed = <A>(kept: ReadonlyArray<A>, feed: PubSub.PubSub<A>, follow: boolean): Stream.Stream<A> =>
    follow
      ? Stream.concat(Stream.fromIterable(kept), Stream.fromPubSub(feed)).pipe(
          Stream.onStart(Effect.sync(() => void following++)),
          Stream.ensuring(Effect.sync(() => void following--)),
        )
      : Stream.fromIterable(kept);
  const call = (name: string, id: string) =>
    Effect.andThen(
      Effect.sync(() => void calls.push(`${name} ${id}`)),
      find(id),
    );
  const control: Control["Service"] = {
    status: Effect.suspend(() => (broken ? Effect.die(new Error("the mailbox is down")) : Effect.succeed(status([...units])))),
    tree: Effect.sync(() => tree()),
    start: (id) =>
      Effect.flatMap(call("start", id), (found) =>
        id === "broken" ? Effect.fail(new StartFailed({ unit: id, reason: "ENOENT" })) : Effect.succeed(found),
      ),
    stop: (id) =>
      Effect.flatMap(call("stop", id), (found) =>
        id === "broken"
          ? Effect.fail(new InvalidTransition({ unit: id, command: "stop", state: "failed", legal: ["start"] }))
          : Effect.succeed({ ...found, state: "stopped" as const, pid: null }),
      ),
    restart: (id) => call("restart", id),
    roll: (ids) => Stream.mapEffect(Stream.fromIterable(ids), (id) => call("roll", id)),
    rejected: (how, why) => Effect.sync(() => void calls.push(`rejected ${how} ${why}`)),
    describe: (id) => Effect.map(find(id), (found) => ({ status: found, history: [{ state: found.state, at: now, reason: null }] })),
    exec: ({ unit: id }) => Stream.unwrap(Effect.as(find(id), Stream.succeed({ _tag: "Exited", code: 3, signal: null } as const))),
    input: (id, data) => Effect.asVoid(call(`input ${Buffer.from(data).toString()}`, id)),
    execInput: (session) => Effect.fail(new NoSuchExec({ session })),
    resources: ({ unit: id }) =>
      Effect.map(id === null ? Effect.succeed(null) : find(id), (found) => ({
        at: now,
        cores: 2,
        memoryBytes: 8_589_934_592,
        master: null,
        units: found === null ? [] : [{ unit: found.id, state: found.state, pid: found.pid, usage: null, limits: [] }],
      })),
    reload: (id) => call("reload", id),
    resetFailed: (id) => call("reset-failed", id),
    signal: (id, signal) => Effect.asVoid(call(`signal ${signal}`, id)),
    events: ({ follow, since }) =>
      followed(
        history.filter((e) => e.seq >= since),
        events,
        follow,
      ),
    logs: ({ unit: id, follow, lines: count }) =>
      Stream.unwrap(Effect.map(find(id), () => followed(logged.slice(0, (count ?? 100) * 2), lines, follow))),
    call: ({ json, method, unit: id }) =>
      Stream.unwrap(
        Effect.map(call(`call ${method}`, id), (): Stream.Stream<CallReply, CallDeadline> =>
          method === null
            ? Stream.succeed({
                _tag: "Method" as const,
                method: "proto.EchoService/Echo",
                request: "proto.EchoRequest",
                response: "proto.EchoResponse",
                requestStream: false,
                responseStream: true,
              })
            : method === "late"
              ? Stream.fail(new CallDeadline({ unit: id, method, millis: 5 }))
              : Stream.make({ _tag: "Reply" as const, json }, { _tag: "Reply" as const, json: "{}" }),
        ),
      ),
    registry,
    exports: new Remote.Exports(),
    upgrade: (command) => Effect.sync(() => void calls.push(`upgrade ${command.length}`)),
    compile: (yaml, file) =>
      yaml === "wrong"
        ? Effect.fail(new ConfigInvalid({ findings: [finding] }))
        : Effect.succeed({ spec: { ...spec, source: file ?? spec.source }, warnings: [] }),
    spec: Effect.sync(() => spec),
    marks: Effect.succeed({ version: "0.0.0", source: spec.source, marks: null }),
    plan: (next) => Effect.sync(() => planBetween(spec, next as typeof spec, Masking.make())),
    diff: (number) =>
      number === 9 ? Effect.fail(new RevisionNotFound({ revision: 9, kept: [1, 1] })) : Effect.succeed({ changes: [], unchanged: 0 }),
    apply: (next, how) =>
      Effect.sync(() => (calls.push(`apply ${how} ${next.source}`), { plan: { changes: [], unchanged: 1 }, revision: 2 })),
    revisions: Effect.succeed([{ revision: 1, at: now, source: "/etc/hsu/hsu.yaml", how: "start", summary: "", units: 1 }]),
    revision: (number) =>
      number === 9 ? Effect.fail(new RevisionNotFound({ revision: 9, kept: [1, 1] })) : Effect.succeed({ revision: number ?? 1, spec }),
    rollback: (number) => Effect.sync(() => (calls.push(`rollback ${number}`), { plan: { changes: [], unchanged: 1 }, revision: 3 })),
    shutdown: Effect.sync(() => void calls.push("shutdown")),
    terminated: Deferred.await(ended),
  };
  return {
    control,
    calls,
    units,
    history,
    following: () => following,
    /** From now on `status` is a defect. */
    break: () => void (broken = true),
    happen: (e: MasterEvent) => PubSub.publish(events, e),
    write: (line: LogLine) => PubSub.publish(lines, line),
    end: Deferred.succeed(ended, undefined),
  };
});
