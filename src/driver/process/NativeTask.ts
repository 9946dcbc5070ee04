/**
 * A started invocation as a task: its leader, who was started, and its main process, who is the leader until that names another one.
 */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { CgroupName, ProcessHandle, Processes, ProcessExit, Signal, SignalError } from "../../platform/index.ts";
import type { Task } from "../Driver.ts";
import { heard } from "./Freezing.ts";
import type { Sweeper } from "./Sweep.ts";

/** The kernel tells a parent of its own children only, so the rest of a group is looked at, and only while it outlives its leader. */
const groupEnd = (handle: ProcessHandle): Effect.Effect<void> =>
  Effect.suspend(() => (handle.groupAlive() ? Effect.delay(groupEnd(handle), 10) : Effect.void));

/** In the environment of all that an invocation starts. */
export const mark = "HSU_INVOCATION_ID";

export interface Started {
  readonly leader: ProcessHandle;
  readonly invocation: string;
  /** Whom it goes with. */
  main: ProcessHandle;
  /** Whether a signal to the leader's process group reaches the main process. */
  together: boolean;
  /** Asked before an end is taken for the end. */
  lastWord: () => void;
  /** At its end, who is left is looked for at once and not in some seconds: somebody has signalled it, or an earlier master has started it. */
  isUrgent: boolean;
  /** Stopped until there is room for what it writes; undefined: nobody knows how an earlier master has left it. */
  isFrozen: boolean | undefined;
  /** It may have been asked to end. */
  isEnding: boolean;
}

export const started =
  (invocation: string, isFrozen: boolean | undefined) =>
  (leader: ProcessHandle): Started => ({
    leader,
    invocation,
    main: leader,
    together: true,
    lastWord: () => {},
    isUrgent: isFrozen === undefined,
    isFrozen,
    isEnding: false,
  });

/** To all of it. */
export const send = (of: Started, signal: Signal.Signal): Effect.Effect<void, SignalError> =>
  Effect.suspend(() => {
    if (of.together || of.leader.contained) return of.leader.signal(signal);
    const others = of.leader.groupAlive() ? Effect.ignore(of.leader.signal(signal)) : Effect.void;
    return Effect.andThen(others, of.main.signal(signal));
  });

export interface NativeTasks {
  readonly taskOf: (id: string, of: Started) => Task;
  /** Who is left of it when the task is over, by whatever end, is killed and waited for. */
  readonly killLeft: (of: Started) => Effect.Effect<void>;
}

export const make = (processes: Processes["Service"], sweeper: Sweeper, cgroupOf: (id: string) => CgroupName): NativeTasks => {
  const end = (of: Started): Effect.Effect<ProcessExit> =>
    Effect.suspend(() => {
      const { main } = of;
      return Effect.flatMap(main.exit, (exit) => {
        of.lastWord();
        return of.main === main ? Effect.succeed(exit) : end(of);
      });
    });

  /** The same moment sees it named and watched: nothing here waits. */
  const follow = (of: Started, pid: number) =>
    Effect.gen(function* () {
      if (of.main.pid === pid) return Option.some(of.main.identity);
      const member = (yield* processes.marked(mark, of.invocation)).find((each) => each.pid === pid);
      if (member === undefined) return Option.none();
      const { bootId, group, startTime } = member;
      const handle = pid === of.leader.pid ? Option.some(of.leader) : yield* processes.attach({ bootId, pid, startTime });
      return Option.map(handle, (main) => {
        of.main = main;
        of.together = group === of.leader.pid;
        return main.identity;
      });
    });

  const killLeft = (of: Started): Effect.Effect<void> =>
    Effect.orDie(of.leader.killGroup).pipe(
      Effect.andThen(Effect.suspend(() => (of.main === of.leader ? Effect.void : Effect.orDie(of.main.killGroup)))),
      Effect.andThen(
        Effect.suspend(() => {
          if (of.leader.contained) return Effect.void;
          return of.isUrgent ? sweeper.now(of.invocation) : sweeper.later(of.invocation);
        }),
      ),
    );

  const taskOf = (id: string, of: Started): Task => ({
    get identity() {
      return of.main.identity;
    },
    invocation: of.invocation,
    wait: end(of),
    waitForAll: end(of).pipe(
      Effect.andThen(Effect.suspend(() => groupEnd(of.main))),
      Effect.andThen(groupEnd(of.leader)),
      Effect.andThen(Effect.suspend(() => (of.leader.contained ? Effect.void : sweeper.now(of.invocation)))),
    ),
    signal: (signal) =>
      Effect.suspend(() => {
        of.isUrgent = true;
        return Effect.andThen(
          send(of, signal),
          heard(of, signal, (next) => send(of, next)),
        );
      }),
    memory: Effect.suspend(() =>
      Effect.map(processes.stats(of.main.identity), Option.match({ onNone: () => null, onSome: (stats) => stats.rssBytes })),
    ),
    meter: () => (of.leader.contained ? of.leader : of.main).meter(),
    get held() {
      return of.leader.held;
    },
    outOfMemory: Effect.suspend(() => of.main.outOfMemory ?? Effect.succeed(null)),
    recap: (capped) => of.leader.recap(capped, cgroupOf(id), of.main.identity),
    follow: (pid) => follow(of, pid),
    hearFirst: (lastWord) => void (of.lastWord = lastWord),
  });
  return { taskOf, killLeft };
};
