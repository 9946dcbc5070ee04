/**
 * The handle of a started process: its exit, and the signals to its group.
 *
 * A pid is free for strangers once its process is reaped and its group is empty. So after the leader's exit each step first asks whether the
 * pid is still ours, and an empty group stays empty for good.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { ProcessExit, ProcessHandle, ProcessIdentity } from "../Process.ts";
import { SignalError } from "../ProcessErrors.ts";
import type { Capping } from "./Capping.ts";
import { type Held, notHeld } from "../Caps.ts";
import type { ControlGroup } from "./Cgroup.ts";
import { type Group, LateGroup } from "./LateGroup.ts";
import { instanceName } from "./CgroupPlace.ts";
import { type EndWatch, watchEnd } from "./Watch.ts";
import { adopts, onAdoptedEnd } from "./Orphans.ts";
import { nativeSpawn } from "./PosixSpawn.ts";
import { reapSoon } from "./Reap.ts";
import type { StartedChild } from "./Spawn.ts";
import type { Probe } from "../Probe.ts";
import type { Signal } from "../Signal.ts";

/** How long `killGroup` waits for a process that SIGKILL does not end at once. */
const killDeadlineMillis = 5000;

/** `kill(2)` to a group; signal 0 only asks. */
const kill = (group: number, signal: Signal | 0): "Sent" | "Gone" | "NotPermitted" => {
  try {
    process.kill(-group, signal);
    return "Sent";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH" ? "Gone" : "NotPermitted";
  }
};

/** To one process, which may have ended in between, or run as somebody else by now. */
const sendTo = (pid: number, signal: Signal): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended, or changed its user: a kill of the control group reaches it.
  }
};

/** Somebody of the group, known without mistake. */
interface Member {
  readonly pid: number;
  readonly startTime: number;
}

/** So long, and so often, a process that was started a moment ago is waited for until it is what was asked for. */
const [onItsWayMillis, onItsWayLooks] = [2, 500] as const;

/** Nobody has heard how it ended. */
const unheard: ProcessExit = { code: null, signal: null };

/** How it has ended, if it is a child of ours that Node does not know; it is waited for. */
export const reaped = ({ pid, startTime }: ProcessIdentity, probe: Probe): ProcessExit | undefined => {
  const exit = probe.exitOf?.(pid, startTime);
  if (exit !== undefined) reapSoon(pid);
  return exit;
};

/** What it is held to, and what goes with it. */
type Limited = Held & Pick<Capping, "caps" | "remove">;

/** A process that runs and that an earlier master has started: its end is noticed; how it ended is known only where it is our child all the same. */
export const attachHandle = (identity: ProcessIdentity, probe: Probe, group?: ControlGroup, limited?: Limited): ProcessHandle => {
  const runs = (): boolean => {
    try {
      const now = probe.look(identity.pid);
      return now !== undefined && now.running && now.startTime === identity.startTime;
    } catch {
      // The system does not let itself be asked just now: the next look tells.
      return true;
    }
  };
  const heard = (): ProcessExit => reaped(identity, probe) ?? unheard;
  let end: EndWatch | undefined;
  let forget = (): void => {};
  const source: Source = {
    watch: (ended) => {
      end = watchEnd({ runs, ended: () => ended(heard()), group });
      // Its pid is its own until it has been waited for.
      forget = onAdoptedEnd(identity.pid, ended);
      // Children are heard of from the first spawn on, and a master that goes on with all of its units makes none.
      if (adopts()) nativeSpawn();
    },
    // Its pid is free for anybody as soon as it has ended: each signal looks first.
    check: () => (runs() ? undefined : heard()),
    // One that an invocation has named as its main process need not lead a group.
    sendAlone: (signal) => {
      if (!runs()) return false;
      sendTo(identity.pid, signal);
      return true;
    },
    expect: () => end?.expect(),
    close: () => {
      end?.close();
      forget();
    },
  };
  return makeHandle(identity, probe, source, group, limited);
};

/** A child of ours that has a pid and has not been waited for. */
export const childHandle = (
  child: StartedChild,
  identity: ProcessIdentity,
  probe: Probe,
  group?: Group,
  limited?: Limited,
): ProcessHandle => {
  const source: Source = {
    watch: (ended) =>
      child.onEnd((exit) => {
        if (group instanceof LateGroup) group.ended();
        ended(exit);
      }),
    check: () => undefined,
    expect: () => {},
    close: () => {},
  };
  return makeHandle(identity, probe, source, group, limited);
};

/** Where the end of a leader is heard of. */
interface Source {
  readonly watch: (ended: (exit: ProcessExit) => void) => void;
  /** Its end, where it may have ended without a word. */
  readonly check: () => ProcessExit | undefined;
  /** Whether it was sent this, where it leads no group of its own; absent: it always does. */
  readonly sendAlone?: (signal: Signal) => boolean;
  /** It has been sent a signal. */
  readonly expect: () => void;
  readonly close: () => void;
}

const makeHandle = (
  identity: ProcessIdentity,
  probe: Probe,
  source: Source,
  cgroup: Group | undefined,
  limitedFirst: Limited | undefined,
): ProcessHandle => {
  const { pid } = identity;
  let limited = limitedFirst;
  const callbacks = new Set<(exit: ProcessExit) => void>();
  let ended: ProcessExit | undefined;
  let groupGone = false;
  /** A member seen last: as long as it runs, nobody else has to be looked for. */
  let witness: Member | undefined;

  const end = (exit: ProcessExit): void => {
    if (ended !== undefined) return;
    source.close();
    ended = exit;
    // The usual case, a leader without descendants: known as gone before anybody can reuse the pid.
    groupGone = kill(pid, 0) === "Gone";
    // Over the set itself: what an earlier callback unsubscribes is not called any more.
    for (const callback of callbacks) callback(ended);
    callbacks.clear();
  };
  source.watch(end);

  const onExit: ProcessHandle["onExit"] = (callback) => {
    // One entry a subscription, even when the same function is given twice.
    let entry = (exit: ProcessExit) => callback(exit);
    if (ended === undefined) callbacks.add(entry);
    else {
      const exit = ended;
      queueMicrotask(() => entry(exit));
    }
    return () => {
      callbacks.delete(entry);
      entry = () => {};
    };
  };

  const members = (): ReadonlyArray<Member> =>
    probe.groupMembers(pid).flatMap((member) => {
      const sighting = probe.look(member);
      return sighting?.running === true ? [{ pid: member, startTime: sighting.startTime }] : [];
    });
  const stillRuns = (member: Member): boolean => {
    const now = probe.look(member.pid);
    return now !== undefined && now.running && now.group === pid && now.startTime === member.startTime;
  };

  /** `Unknown` when the system does not let itself be asked, e.g. because the master has no file descriptor left. */
  const group = (): "Alive" | "Gone" | "Unknown" => {
    if (groupGone) return "Gone";
    if (ended === undefined) {
      const exit = source.check();
      if (exit === undefined) return "Alive";
      end(exit);
    }
    try {
      const owner = probe.look(pid);
      groupGone = (owner !== undefined && owner.startTime !== identity.startTime) || kill(pid, 0) === "Gone";
      if (groupGone) return "Gone";
      if (witness !== undefined && stillRuns(witness)) return "Alive";
      if (probe.isEmpty?.(pid) === true) return "Gone";
      // Zombies answer signals too, so they are looked through; twice, for a member that was forked behind the first look's back.
      witness = members()[0] ?? members()[0];
      return witness === undefined ? "Gone" : "Alive";
    } catch {
      return "Unknown";
    }
  };

  /** To a group that is alive. */
  const deliver = (signal: Signal): "Sent" | "Gone" | "NotPermitted" => {
    const sent = kill(pid, signal);
    const result = sent === "Gone" && ended === undefined && source.sendAlone?.(signal) === true ? "Sent" : sent;
    source.expect();
    // The leader may be a zombie that Node has not heard of yet: Linux says sent, macOS says not permitted.
    return result === "NotPermitted" && probe.groupMembers(pid).length === 0 ? "Gone" : result;
  };

  /** Who has left the process group and not the control group. */
  const strays = (): ReadonlyArray<number> =>
    (cgroup?.members() ?? []).filter((member) => {
      if (member === pid) return false;
      const sighting = probe.look(member);
      return sighting?.running === true && sighting.group !== pid;
    });
  const anybody = (): boolean => group() !== "Gone" || (cgroup?.populated() ?? false);

  const failure = (reason: SignalError["reason"], signal: Signal) => Effect.fail(new SignalError({ reason, pid, signal }));

  const signal: ProcessHandle["signal"] = (name) =>
    Effect.suspend(() => {
      const before = group();
      const others = strays();
      for (const other of others) sendTo(other, name);
      if (before !== "Alive")
        return before === "Gone" && others.length > 0 ? Effect.void : failure(before === "Gone" ? "Gone" : "NotPermitted", name);
      const result = deliver(name);
      return result === "Sent" ? Effect.void : failure(result, name);
    });

  /** What it takes a group for is not put off. */
  const folders = (): { readonly group?: Pick<Group, "folder" | "version"> } => {
    if (cgroup instanceof LateGroup) cgroup.take();
    const own = cgroup instanceof LateGroup ? cgroup.group : cgroup;
    return own === undefined ? {} : { group: own };
  };

  /** Nobody hides in a control group: it is empty, and removed, when this succeeds. */
  const killControlGroup = Effect.fnUntraced(function* (of: Group, deadline: number) {
    const moving = of.settled;
    if (moving !== null) yield* Effect.promise(() => moving);
    for (let pause = 1; of.populated(); pause = Math.min(pause * 2, 16)) {
      of.kill();
      if ((yield* Clock.currentTimeMillis) >= deadline) return yield* failure("StillAlive", "SIGKILL");
      yield* Effect.sleep(pause);
    }
    of.remove();
  });

  const killGroup = Effect.gen(function* () {
    const deadline = (yield* Clock.currentTimeMillis) + killDeadlineMillis;
    for (let now = group(); now !== "Gone"; now = group()) {
      if (now === "Unknown" || deliver("SIGKILL") === "NotPermitted") return yield* failure("NotPermitted", "SIGKILL");
      // Nobody joins a group that is being killed: only those are asked again that were there.
      const killed = members();
      const someoneRuns = () => (ended === undefined && source.check() === undefined) || killed.some(stillRuns);
      for (let pause = 1; pause === 1 || someoneRuns(); pause = Math.min(pause * 2, 16)) {
        if ((yield* Clock.currentTimeMillis) >= deadline) return yield* failure("StillAlive", "SIGKILL");
        yield* Effect.sleep(pause);
      }
    }
    if (cgroup !== undefined) yield* killControlGroup(cgroup, deadline);
    limited?.remove();
  });

  return {
    pid,
    identity,
    exit: Effect.callback((resume) => {
      if (ended !== undefined) return resume(Effect.succeed(ended));
      const unsubscribe = onExit((exit) => resume(Effect.succeed(exit)));
      return Effect.sync(unsubscribe);
    }),
    onExit,
    signal,
    groupAlive: anybody,
    get contained() {
      return cgroup?.holds ?? false;
    },
    killGroup,
    meter: () =>
      probe.meter(pid, identity.startTime, {
        ...folders(),
        oomKills: () => limited?.oomKills() ?? null,
      }),
    get held() {
      return limited ?? null;
    },
    outOfMemory: Effect.map(
      Effect.promise(() => import("./OomLog.ts")),
      ({ killOf }) => killOf(identity),
    ),
    recap: (capped, { instance, name }, main) =>
      Effect.map(
        Effect.tap(
          Effect.promise(() => import("./Capping.ts")),
          ({ isOnItsWay }) => Effect.repeat(Effect.sleep(onItsWayMillis), { until: () => !isOnItsWay(main.pid), times: onItsWayLooks }),
        ),
        ({ recap }) => {
          const { group: own } = folders();
          // Its pid may be somebody else's by now.
          const now = probe.look(main.pid);
          if (now?.running !== true || now.startTime !== main.startTime) return limited ?? notHeld;
          return (limited = recap(main.pid, capped, { group: own, instance: instanceName(instance), name }, limited));
        },
      ),
  };
};
