/**
 * The real `Processes`: Node's `child_process`, `kill(2)`, and `/proc` (or `ps` where there is none).
 */
import { existsSync } from "node:fs";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import { type Foreign, Undiscovered } from "../Discovery.ts";
import { psProbe } from "../darwin/Ps.ts";
import { formatAddress, NotListening } from "../Listening.ts";
import { NotifyUnavailable } from "../Notify.ts";
import { Processes, type ProcessIdentity, type SpawnOptions } from "../Process.ts";
import type { Probe } from "../Probe.ts";
import { type ControlGroup, type ControlGroups, controlGroups, isControlled } from "./Cgroup.ts";
import { instanceName } from "./CgroupPlace.ts";
import { attachHandle, childHandle, reaped } from "./Handle.ts";
import { LateGroup } from "./LateGroup.ts";
import { procProbe } from "./Proc.ts";
import { spawnChild } from "./Spawn.ts";

/** SIGKILL to one process; it may have gone in between. */
const killOne = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
};

/** Loaded when somebody is looked for: most masters have no unmanaged unit. */
const foreignOf = (probe: Probe, environment: Readonly<Record<string, string | undefined>>): Foreign => {
  const loaded = Effect.map(
    Effect.promise(() => import("./Discover.ts")),
    ({ make: discovery }) => discovery(probe, environment),
  );
  const nowhere = Effect.fail(
    new Undiscovered({ reason: "Unavailable", what: "processes of others can be looked for where there is /proc only" }),
  );
  return {
    discover: (query, current) => (probe === psProbe ? nowhere : Effect.flatMap(loaded, ({ discover }) => discover(query, current))),
    restartService: (service) => Effect.flatMap(loaded, ({ restartService }) => restartService(service)),
  };
};

/** Loaded with the first unit that has limits. */
const capping = Effect.promise(() => import("./Capping.ts"));

const isCapped = ({ capped, cgroup }: SpawnOptions): boolean =>
  capped !== undefined && cgroup !== undefined && Object.keys(capped.caps).length > 0;

/** How it is started under its limits; undefined: it has none. */
const cappingOf = (options: SpawnOptions, group: ControlGroup | undefined) => {
  const { capped, cgroup } = options;
  if (capped === undefined || cgroup === undefined) return Effect.undefined;
  return Effect.map(capping, ({ cap }) => cap(options, capped, { group, instance: instanceName(cgroup.instance), name: cgroup.name }));
};

const make = (probe: Probe, environment = process.env, groups = controlGroups()): Processes["Service"] => {
  /** Started, and taken into its group. What the system refuses once is not tried again: marks in the environment are left then. */
  const start = (options: SpawnOptions) => {
    const { cgroup } = options;
    const make = () => (cgroup === undefined ? undefined : groups.make(instanceName(cgroup.instance), cgroup.name));
    const add = (pid: number, group = make()): ControlGroup | undefined => {
      group?.add(pid, groups.giveUp);
      return group;
    };
    if (!isCapped(options)) {
      return spawnChild(options, (child) => {
        const group = cgroup === undefined ? undefined : new LateGroup(() => add(child.pid));
        return childHandle(child, identityOf(child.pid), probe, group);
      });
    }
    const group = make();
    return Effect.flatMap(cappingOf(options, group), (capping) =>
      // Not beside the loop: nobody is to run for long without its limits.
      spawnChild({ ...(capping?.options ?? options), among: false }, (child) => {
        capping?.started(child.pid);
        add(child.pid, group);
        return childHandle(child, identityOf(child.pid), probe, group, capping);
      }).pipe(
        Effect.tapError(() =>
          Effect.sync(() => {
            group?.remove();
            capping?.remove();
          }),
        ),
      ),
    );
  };
  const identify = (pid: number): ProcessIdentity | undefined => {
    const sighting = probe.look(pid);
    return sighting && { pid, startTime: sighting.startTime, bootId: probe.bootId() };
  };
  /** Of a process of ours that nobody has waited for. When the system does not tell, an identity that nobody has: then it is never signalled wrongly. */
  const identityOf = (pid: number): ProcessIdentity => {
    try {
      return identify(pid) ?? { pid, startTime: -1, bootId: "unknown" };
    } catch {
      return { pid, startTime: -1, bootId: "unknown" };
    }
  };
  const runs = ({ bootId, pid, startTime }: ProcessIdentity): boolean => {
    const now = probe.look(pid);
    return now !== undefined && now.running && now.startTime === startTime && probe.bootId() === bootId;
  };
  return {
    spawn: (options) => Effect.uninterruptible(Effect.suspend(() => start(options))),
    // Loaded with the first unit that tells its state.
    openNotifySocket: (path, received, holder) =>
      probe === psProbe
        ? Effect.fail(new NotifyUnavailable({ path, reason: "only Linux tells who has sent a datagram" }))
        : Effect.flatMap(
            Effect.promise(() => import("./NotifySocket.ts")),
            ({ openNotifySocket }) => openNotifySocket(path, received, holder),
          ),
    // Loaded with the first unit that listens.
    holdSockets: (sockets, holder) =>
      probe === psProbe
        ? Effect.fail(
            new NotListening({
              address: sockets.map(({ address }) => formatAddress(address)).join(", "),
              reason: "Other",
              detail: "on Linux only",
            }),
          )
        : Effect.flatMap(
            Effect.promise(() => import("./HeldSockets.ts")),
            ({ holdSockets }) => holdSockets(sockets, holder),
          ),
    identify: (pid) => Effect.sync(() => Option.fromUndefinedOr(identify(pid))),
    bootId: probe.bootId,
    isAlive: (identity) => Effect.sync(() => runs(identity)),
    exitOf: (identity) =>
      Effect.sync(() => Option.fromUndefinedOr(identity.bootId === probe.bootId() ? reaped(identity, probe) : undefined)),
    attach: (identity, instance, capped) =>
      Effect.suspend(() => {
        if (!runs(identity)) return Effect.succeedNone;
        const group = instance === undefined ? undefined : groups.of(instanceName(instance), identity.pid);
        if (instance === undefined) return Effect.succeedSome(attachHandle(identity, probe, group));
        const { name, ...limits } = capped ?? { name: "", caps: {} };
        const where = { group, instance: instanceName(instance), name };
        if (capped === undefined && !isControlled(where.instance, identity.pid, group)) {
          return Effect.succeedSome(attachHandle(identity, probe, group));
        }
        return Effect.map(capping, ({ recap }) =>
          runs(identity) ? Option.some(attachHandle(identity, probe, group, recap(identity.pid, limits, where))) : Option.none(),
        );
      }),
    clear: ({ instance, name }) =>
      Effect.flatMap(capping, ({ removeLeft }) =>
        Effect.sync(() => {
          const group = groups.left(instanceName(instance), name);
          if (group?.populated() === true) group.kill();
          else group?.remove();
          removeLeft(instanceName(instance), name);
        }),
      ),
    marked: (name, ...values) =>
      Effect.sync(() =>
        probe.marked(values.map((value) => `${name}=${value}`)).flatMap((pid) => {
          const sighting = probe.look(pid);
          return sighting === undefined ? [] : [{ pid, startTime: sighting.startTime, bootId: probe.bootId(), group: sighting.group }];
        }),
      ),
    kill: (identity) => Effect.sync(() => void (runs(identity) && killOne(identity.pid))),
    stats: ({ pid, startTime, bootId }) =>
      Effect.suspend(() => (bootId === probe.bootId() ? probe.stats(pid, startTime) : Effect.undefined)).pipe(
        Effect.map(Option.fromUndefinedOr),
      ),
    meter: ({ pid, startTime }) => probe.meter(pid, startTime, { alone: true }),
    foreign: foreignOf(probe, environment),
  };
};

/** The processes of this machine. */
export const layer: Layer.Layer<Processes> = Layer.sync(Processes, () => make(existsSync("/proc/self/stat") ? procProbe : psProbe));

/** As `layer`, with another view of the system; for tests of that view. */
export const layerWith = (
  probe: Probe,
  environment?: Readonly<Record<string, string | undefined>>,
  groups?: ControlGroups,
): Layer.Layer<Processes> => Layer.succeed(Processes, make(probe, environment, groups));
