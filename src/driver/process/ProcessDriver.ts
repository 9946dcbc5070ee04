/**
 * Runs a task as a native process that leads its own group and writes its output to files without the master's help.
 */
import { closeSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type * as Scope from "effect/Scope";
import { direct, type Outputs } from "../../logs/index.ts";
import { type CgroupName, openScratch, type Output, Paths, Processes } from "../../platform/index.ts";
import type { Driver } from "../Driver.ts";
import { make as freezingOf } from "./Freezing.ts";
import { make as tasksOf, mark, send, started, type Started } from "./NativeTask.ts";
import * as Sweep from "./Sweep.ts";
import { make as finder } from "../unmanaged/Finder.ts";

/** What its own service manager tells the master is not said to its units. */
const ofMaster = new Set([
  "NOTIFY_SOCKET",
  "WATCHDOG_USEC",
  "WATCHDOG_PID",
  "LISTEN_FDS",
  "LISTEN_PID",
  "LISTEN_FDNAMES",
  "INVOCATION_ID",
  "MAINPID",
]);

/** Where the driver keeps output, and what every process inherits. */
export interface Options {
  readonly stateDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Who takes over what is written; absent: nobody does. */
  readonly outputs?: Outputs;
}

/** More of what a command prints is of no interest. */
const saidBytes = 4096;

export const make = (options: Options): Effect.Effect<Driver, never, Processes | Scope.Scope> =>
  Effect.gen(function* () {
    const processes = yield* Processes;
    const sweeper = yield* Sweep.make(processes, mark);
    const outputs = options.outputs ?? direct(options.stateDirectory);
    const inherited: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.environment)) {
      if (value !== undefined && !ofMaster.has(name)) inherited[name] = value;
    }

    const cgroupOf = (id: string): CgroupName => ({ instance: options.stateDirectory, name: Paths.fileName(id) });

    const freezing = freezingOf(outputs, send);
    const { killLeft, taskOf } = tasksOf(processes, sweeper, cgroupOf);
    const release =
      (id: string) =>
      (of: Started): Effect.Effect<void> =>
        Effect.suspend(() => {
          freezing.remove(id, of);
          return Effect.andThen(killLeft(of), outputs.end(id));
        });
    /** Held back from here on when that is asked for. */
    const held = (id: string, of: Started) => {
      freezing.add(id, of);
      return taskOf(id, of);
    };

    /** Loaded with the first unit that can be written to. */
    const inputs = Effect.map(
      Effect.promise(() => import("./Inputs.ts")),
      ({ make: makeInputs }) => makeInputs(options.stateDirectory),
    );

    const driver: Driver = {
      name: "process",
      finder: finder(processes),
      start: Effect.fnUntraced(function* (task) {
        const files = yield* outputs.begin(task.id, task.logs);
        // Opened for both directions by the unit itself, it neither ends nor breaks with a master.
        const input = task.stdin === undefined ? undefined : yield* (yield* inputs).open(task.id);
        const output = (on: boolean, path: string): Output => (on ? { appendTo: path } : "ignore");
        const spawn = processes.spawn({
          executable: task.executable,
          args: task.args,
          cwd: task.workingDirectory,
          // A unit knows its own name, as a systemd unit knows its invocation.
          env: { ...inherited, ...task.environment, HSU_UNIT: task.id, [mark]: task.invocation },
          cgroup: cgroupOf(task.id),
          ...(task.sockets === undefined ? {} : { sockets: task.sockets }),
          keeper: task.keeper,
          capped: task.capped,
          ...(task.among === true ? { among: true } : {}),
          stdin: input === undefined ? "ignore" : { descriptor: input },
          stdout: output(task.capture.stdout, files.stdout),
          stderr: output(task.capture.stderr, files.stderr),
        });
        const spawned = Effect.ensuring(
          spawn,
          Effect.sync(() => input !== undefined && closeSync(input)),
        );
        return held(task.id, yield* Effect.acquireRelease(Effect.map(spawned, started(task.invocation, false)), release(task.id)));
      }),
      runs: processes.isAlive,
      exitOf: processes.exitOf,
      recover: (identity, invocation, id, capped) =>
        Effect.map(
          Effect.acquireRelease(
            Effect.map(
              processes.attach(identity, options.stateDirectory, capped && { ...capped, name: Paths.fileName(id) }),
              Option.map(started(invocation, undefined)),
            ),
            Option.match({ onNone: () => Effect.void, onSome: release(id) }),
          ),
          Option.map((one) => held(id, one)),
        ),
      exec: Effect.fnUntraced(function* ({ args, environment, executable, id, workingDirectory }) {
        const scratch = yield* Effect.acquireRelease(
          Effect.sync(() => openScratch(options.stateDirectory)),
          (opened) => Effect.sync(() => opened?.close()),
        );
        const output: Output = scratch === null ? "ignore" : { descriptor: scratch.descriptor };
        const spawn = processes.spawn({
          executable,
          args,
          cwd: workingDirectory,
          env: { ...inherited, ...environment, HSU_UNIT: id },
          stdin: "ignore",
          stdout: output,
          stderr: output,
        });
        const { exit } = yield* Effect.acquireRelease(spawn, (handle) => Effect.orDie(handle.killGroup));
        return { ...(yield* exit), said: scratch?.tail(saidBytes) ?? "" };
      }, Effect.scoped),
      openNotifySocket: (id, received, holder) =>
        processes.openNotifySocket(
          join(options.stateDirectory, "notify", `${Paths.fileName(id)}.sock`),
          received,
          holder ? { identity: holder.identity, mark: `${mark}=${holder.invocation}` } : undefined,
        ),
      write: (id, data) => Effect.flatMap(inputs, ({ write }) => write(id, data)),
      attend: ({ args, environment, executable, id, tty, workingDirectory }, task) =>
        Effect.flatMap(
          Effect.promise(() => import("../../platform/Attended.ts")),
          ({ attend }) =>
            attend({
              executable,
              args,
              cwd: workingDirectory,
              env: { ...inherited, ...environment, HSU_UNIT: id, ...(task?.invocation === undefined ? {} : { [mark]: task.invocation }) },
              tty,
              beside: task === null ? null : { pid: task.identity.pid, stateDirectory: options.stateDirectory },
            }),
        ),
      holdSockets: processes.holdSockets,
      // The leader of its own group: those below it have another pid than their group.
      find: (invocation) =>
        Effect.map(processes.marked(mark, invocation), (found) => Option.fromUndefinedOr(found.find(({ group, pid }) => group === pid))),
      meter: (pid) =>
        Effect.flatMap(
          processes.identify(pid),
          Option.match({
            onNone: () => Effect.succeed(null),
            onSome: (identity) => Effect.promise(() => processes.meter(identity)),
          }),
        ),
      sweep: (id, invocation) => Effect.andThen(sweeper.now(invocation), processes.clear(cgroupOf(id))),
    };
    return driver;
  });
