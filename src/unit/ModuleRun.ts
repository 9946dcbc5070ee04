/**
 * The actor that stands for a module's actor in its group: it lives as long as that one does, and its supervisor starts the next one.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, type ActorRef, ChildSpec, ExitReason } from "../actor/index.ts";
import { appender, type Outputs } from "../logs/index.ts";
import type { ModuleEnd, ModuleOutput, ModuleSpec, RunningModule } from "./ModuleHost.ts";
import { carriedOut } from "./FailurePolicy.ts";
import { enter, restartTypes, type Slot } from "./Run.ts";
import type { UnitRpcs } from "./UnitRpc.ts";
import type { UnitSpec } from "./UnitSpec.ts";

/** The module's actor has failed. */
class ModuleFailed extends Schema.TaggedError<ModuleFailed>()("ModuleFailed", { text: Schema.String }) {
  readonly code = "HSU-MOD-005";
  override get message(): string {
    return this.text;
  }
}

const End = Schema.Struct({ how: Schema.Literals(["normal", "shutdown", "killed", "error"]), text: Schema.String });
const ModuleRpc = RpcGroup.make(Rpc.make("Ended", { payload: End }));
type ModuleRpcs = RpcGroup.Rpcs<typeof ModuleRpc>;

interface ModuleArgs {
  readonly spec: UnitSpec;
  readonly module: ModuleSpec;
  readonly slot: Slot;
  readonly mailbox: ActorRef<UnitRpcs>;
  readonly outputs: Outputs;
  readonly autoStart: boolean;
  readonly after: ReadonlyArray<string>;
  /** Whom its start has to wait for now. */
  readonly waitsFor: () => ReadonlyArray<string>;
  readonly now: () => number;
  readonly random: () => number;
}

/** As a process's: who sees an exit code knows what it means. */
const codes: Readonly<Record<ModuleEnd["how"], number | null>> = { normal: 0, shutdown: 0, error: 1, killed: null };

const start = Effect.fnUntraced(function* (args: ModuleArgs, context: Actor.ActorContext<ModuleRpcs>) {
  const { module, slot, spec, outputs } = args;
  slot.blockedBy = args.waitsFor();
  enter(slot, slot.blockedBy.length > 0 ? "blocked" : "starting");
  if (slot.phase === "blocked") return Actor.ignore;
  yield* Effect.addFinalizer(() => Effect.sync(() => enter(slot, "down")));
  const files = yield* outputs.begin(spec.id, spec.logs);
  const services = yield* Effect.context();
  const unwritable = (reason: string): void =>
    void Effect.runForkWith(services)(Effect.logWarning(`${spec.id}: its output is lost: ${reason}`));
  const { capture } = spec;
  const output: ModuleOutput = {
    stdout: capture.stdout ? appender(files.stdout, unwritable) : () => {},
    stderr: capture.stderr ? appender(files.stderr, unwritable) : () => {},
  };
  const { openModule } = yield* Effect.promise(() => import("./ModuleHost.ts"));
  const running = yield* Effect.acquireRelease(openModule(spec.id, module, output), (opened) => release(args, opened), {
    interruptible: true,
  });
  slot.lastStartAt = slot.startedAt = yield* Clock.currentTimeMillis;
  slot.module = { thread: running.thread };
  slot.readiness.set(true);
  yield* Effect.forkIn(
    Effect.map(
      Effect.promise(() => running.ended),
      (end) => context.self.cast("Ended", end),
    ),
    context.scope,
  );
  enter(slot, "up");
  return running;
});

/** Whatever has ended this incarnation: its actor has ended when this is over, and its end has been told. */
const release = ({ mailbox, outputs, slot, spec }: ModuleArgs, running: RunningModule): Effect.Effect<void> =>
  Effect.gen(function* () {
    running.kill();
    const { how } = yield* Effect.promise(() => running.ended);
    yield* outputs.end(spec.id);
    slot.startedAt = null;
    slot.readiness.set(false);
    mailbox.cast("ProcessExited", { code: codes[how], signal: null, at: yield* Clock.currentTimeMillis });
  });

const ModuleRun = Actor.make({
  name: "module",
  protocol: ModuleRpc,
  init: start,
  handlers: {
    Ended: (_, { how, text }) =>
      Actor.exit(how === "normal" || how === "shutdown" ? ExitReason.normal : ExitReason.error(new ModuleFailed({ text }))),
  },
  terminate: (running, reason) => {
    if (reason._tag !== "Shutdown") return Effect.void;
    running.stop();
    return Effect.promise(() => running.ended);
  },
});

/** The unit's own way to try again, but for a module that is not what it should be: nobody but its author can help that. */
const policyOf = ({ slot, spec, ...world }: ModuleArgs): ChildSpec.FailurePolicy => {
  const policy = carriedOut(spec.restart, slot, world);
  return {
    failed: (failure) => {
      const error = Actor.errorOf(failure.reason) as { readonly _tag?: unknown } | undefined;
      return error?._tag === "ModuleError" ? null : policy.failed(failure);
    },
  };
};

/** The child of the unit's group. */
export const moduleSpec = (args: ModuleArgs): ChildSpec.ChildSpec<ModuleRpcs, never> => {
  const { id, restart, startTimeoutMillis, stopTimeoutMillis } = args.spec;
  return ChildSpec.make(ModuleRun, args, {
    id,
    restart: restartTypes[restart.when],
    shutdown: stopTimeoutMillis,
    startTimeoutMillis,
    autoStart: args.autoStart,
    ...(args.after.length === 0 ? {} : { after: args.after }),
    onStartFailure: "restart",
    retain: true,
    mailbox: "discard",
    failurePolicy: policyOf(args),
  });
};
