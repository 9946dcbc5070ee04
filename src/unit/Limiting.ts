/**
 * The limits of a unit's process: what is made of its samples, and of its end. Lives as long as the process. Loaded with the first unit that has limits.
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Task } from "../driver/index.ts";
import type { Capped } from "../platform/index.ts";
import type { LastExit } from "../protocol/MasterRpc.ts";
import { Judge, Limits, type Sample } from "../resources/index.ts";
import { adjusted, capsOf, heldLimits, raise, refusedLimits, unheld } from "./Caps.ts";
import type { Monitor } from "./Monitor.ts";
import { exceededText, isAtLimitOf, KilledByKernel, LimitExceeded, Overcommitted } from "./ResourceErrors.ts";
import type { Slot } from "./Run.ts";
import type { UnitSpec } from "./UnitSpec.ts";

export interface Limiting {
  /** What the kernel is asked to hold it to. */
  readonly capped: Capped;
  /** This is the process. */
  readonly attach: (task: Task) => void;
  /** Its limits are others now, and the process goes on. Which of them only its next process can be held to. */
  readonly change: (task: Task, limits: Limits.LimitsSpec) => Effect.Effect<ReadonlyArray<string>, Overcommitted>;
  readonly onSample: (sample: Sample) => void;
  /** What of its limits has ended it, if that was it. */
  readonly endedBy: (exit: Pick<LastExit, "because" | "code" | "signal">) => LimitExceeded | KilledByKernel | null;
}

interface Parts {
  readonly spec: UnitSpec & { readonly limits: Limits.LimitsSpec };
  readonly slot: Slot;
  readonly monitor: Monitor;
  /** An event that people see. */
  readonly notice: (type: string, message: string) => void;
  /** The process is to be ended. */
  readonly violated: (error: LimitExceeded) => void;
}

/**
 * Whether nobody comes over the limit, whatever is measured. Of memory the kernel knows better than a sum over processes, which counts what they share
 * once for each of them: it is the kernel that ends who needs more.
 */
const isLeftTo = (by: string, name: Limits.LimitName, policy: Limits.Policy): boolean =>
  policy === "throttle"
    ? by.startsWith("cgroup") || by === "rlimit"
    : by.startsWith("cgroup") && (name === "memory.max_rss" || name === "memory.max_swap");

const isSame = (one: Limits.Limit, other: Limits.Limit): boolean =>
  one.name === other.name && one.bound === other.bound && one.policy === other.policy;

/** The lowest that there is. */
const idlest = 19;

/** Refuses where the machine cannot give it what it may have. */
export const begin = (parts: Parts): Effect.Effect<Limiting, Overcommitted, Scope.Scope> =>
  Effect.gen(function* () {
    const { monitor, notice, slot, spec, violated } = parts;
    let said = spec.limits;
    let limits = adjusted(said, slot.raised ?? {});
    const refusal = yield* Effect.acquireRelease(
      Effect.sync(() => monitor.admit(spec)),
      () => Effect.sync(() => monitor.leave(spec.id)),
    );
    if (refusal !== null && slot.recovered === null) return yield* new Overcommitted(refusal);
    let task: Task | null = null;
    let standings: Judge.Standings = {};
    let held = new Set<Limits.LimitName>();
    let oomKills = 0;
    let violation: LimitExceeded | KilledByKernel | null = null;
    yield* Effect.addFinalizer(() => Effect.sync(() => void (slot.limits = null)));

    const carryOut = (finding: Judge.Finding): void => {
      if (finding.action === "throttle" && finding.limit.startsWith("cpu.")) task?.held?.reprioritise(idlest);
    };
    const tell = (finding: Judge.Finding): void => {
      const { action, bound, limit, severity, value } = finding;
      if (severity === null) {
        return notice(
          "limit_ok",
          `${limit}: ${Limits.formatValue(limit, value)}, within its limit of ${Limits.formatValue(limit, bound)} again`,
        );
      }
      const type = severity === "warning" ? "limit_warning" : action === "alert" ? "alert" : "limit_exceeded";
      notice(type, exceededText({ ...finding, severity }) + (Limits.endsIt(action) ? `: ${action}` : ""));
    };
    const warn = (): void => {
      if (slot.limits === null || slot.limits === undefined) return;
      const broken = Object.entries(standings).filter(([, standing]) => standing.told !== null);
      slot.limits = { ...slot.limits, broken: broken.map(([name, standing]) => `${name} ${standing.told}`) };
    };
    const capped = (): Capped => ({
      caps: capsOf(limits),
      ...(monitor.controllers === undefined ? {} : { controllers: monitor.controllers }),
    });
    const attach = (started: Task): void => {
      task = started;
      const all = heldLimits(limits, started.held?.holds ?? {});
      const warnings = unheld(all);
      held = new Set(
        limits.limits
          .filter(({ name, policy }) => all.some((each) => each.limit === name && isLeftTo(each.by, name, policy)))
          .map(({ name }) => name),
      );
      slot.limits = { held: all, warnings, broken: [] };
      warn();
      for (const warning of warnings) notice("limit_not_held", warning);
    };
    return {
      capped: capped(),
      attach,
      change: Effect.fnUntraced(function* (started, next) {
        if (violation !== null) return [];
        const refused = monitor.admit({ ...spec, limits: next });
        if (refused !== null) return yield* new Overcommitted(refused);
        const same = new Set(next.limits.filter((limit) => said.limits.some((other) => isSame(limit, other))).map(({ name }) => name));
        const ofSame = <A>(all: { readonly [Name in Limits.LimitName]?: A }): { readonly [Name in Limits.LimitName]?: A } =>
          Object.fromEntries(Object.entries(all).filter(([name]) => same.has(name as Limits.LimitName)));
        slot.raised = ofSame(slot.raised ?? {});
        standings = ofSame(standings);
        said = next;
        limits = adjusted(said, slot.raised);
        const now = yield* started.recap(capped());
        attach(started);
        return refusedLimits(now.refused ?? []);
      }),
      onSample: (sample) => {
        // A child of it was killed, and it goes on: that is told at once.
        const kills = sample.oomKills ?? 0;
        if (kills > oomKills) notice("oom_kill", `the kernel has killed ${kills - oomKills} of its processes for want of memory`);
        oomKills = Math.max(oomKills, kills);
        if (violation !== null || said.monitoring?.enabled === false) return;
        const judged = Judge.judge(limits, standings, sample, slot.startedAt ?? sample.at, held);
        standings = judged.standings;
        for (const finding of judged.findings) {
          tell(finding);
          carryOut(finding);
        }
        warn();
        const ends = Judge.worst(judged.findings);
        if (ends === null) return;
        const { action, bound, forMillis, limit, severity, value } = ends;
        if (action === "restart_adjusted") slot.raised = raise(slot.raised ?? {}, limit);
        const error = new LimitExceeded({ limit, policy: action, value, bound, severity: severity ?? "critical", forMillis });
        violation = error;
        violated(error);
      },
      endedBy: (exit) => {
        const { because, code, signal } = exit;
        if (violation !== null) return violation;
        const of = (name: Limits.LimitName): Limits.Limit | undefined =>
          limits.limits.find((limit) => limit.name === name && Limits.endsIt(limit.policy));
        const memory = of("memory.max_rss");
        // A shell tells of a signal by its exit code.
        const isKill = signal === "SIGKILL" || code === 137;
        // The kernel's log names it and the group, its count only says that there was somebody.
        const isAtLimit = because === undefined ? (task?.held?.oomKills() ?? 0) > oomKills : isAtLimitOf(task?.held?.memoryFolder, because);
        const killed = memory !== undefined && isKill && isAtLimit;
        const limit = killed ? memory : signal === "SIGXCPU" ? of("cpu.max_time") : undefined;
        if (limit === undefined) return null;
        if (limit.policy === "restart_adjusted") slot.raised = raise(slot.raised ?? {}, limit.name);
        return (violation = new KilledByKernel({ limit: limit.name, bound: limit.bound, policy: limit.policy }));
      },
    };
  });
