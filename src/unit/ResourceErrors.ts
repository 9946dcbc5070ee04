/**
 * Why a unit is ended, or not started, for what it uses. Apart from Limiting.ts, which is loaded for the first unit that has limits.
 */
import * as Schema from "effect/Schema";
import type { OutOfMemory } from "../platform/index.ts";
import { Limits } from "../resources/index.ts";

const severity = Schema.Literals(["warning", "critical", "emergency"]);

/** It was over a limit for as long as that is borne, and was ended for it. */
export class LimitExceeded extends Schema.TaggedError<LimitExceeded>()("LimitExceeded", {
  limit: Schema.Literals(Limits.limitNames),
  policy: Schema.Literals(Limits.policies),
  value: Schema.Number,
  bound: Schema.Number,
  severity,
  forMillis: Schema.Number,
}) {
  readonly code = "HSU-RES-001";
  /** It is tried again with the patience of broken limits. */
  readonly failureContext = "resources";
  /** It stays down. */
  readonly final: boolean = this.policy === "graceful_shutdown" || this.policy === "immediate_kill";
  override get message(): string {
    return exceededText(this);
  }
  get hint(): string {
    return "`hsu top --history -o json UNIT` shows how it came to that";
  }
}

/** A broken limit, for people. */
export const exceededText = ({
  bound,
  forMillis,
  limit,
  severity: how,
  value,
}: Pick<LimitExceeded, "limit" | "value" | "bound" | "severity" | "forMillis">): string => {
  const since = forMillis > 0 ? ` for ${Math.round(forMillis / 1000)} s` : "";
  const text = (amount: number): string => Limits.formatValue(limit, amount);
  return how === "warning"
    ? `${limit}: ${text(value)} of ${text(bound)}`
    : `${limit}: ${text(value)}, over its limit of ${text(bound)}${since} (${how})`;
};

/** The kernel has ended it at a limit that it holds. */
export class KilledByKernel extends Schema.TaggedError<KilledByKernel>()("KilledByKernel", {
  limit: Schema.Literals(Limits.limitNames),
  bound: Schema.Number,
  policy: Schema.Literals(Limits.policies),
}) {
  readonly code = "HSU-RES-002";
  readonly failureContext = "resources";
  readonly severity = "critical";
  readonly final: boolean = this.policy === "graceful_shutdown" || this.policy === "immediate_kill";
  override get message(): string {
    const at = `${this.limit} of ${Limits.formatValue(this.limit, this.bound)}`;
    return this.limit === "cpu.max_time"
      ? `ended by the kernel: it has used up its ${at}`
      : `killed by the kernel for want of memory, at its ${at}`;
  }
  get hint(): string {
    return "raise the limit, or find out what needs so much: `hsu top --history -o json UNIT`";
  }
}

/** What all units together may have would be more than the machine can give: it was not started. */
export class Overcommitted extends Schema.TaggedError<Overcommitted>()("Overcommitted", {
  wanted: Schema.Number,
  given: Schema.Number,
  allowed: Schema.Number,
  percent: Schema.Number,
  memoryBytes: Schema.Number,
}) {
  readonly code = "HSU-RES-003";
  readonly failureContext = "resources";
  override get message(): string {
    const text = (amount: number): string => Limits.formatValue("memory.max_rss", amount);
    return (
      `not started: it may have ${text(this.wanted)}, and units that are up may have ${text(this.given)}, ` +
      `together more than ${this.percent} % of the machine's ${text(this.memoryBytes)} (${text(this.allowed)})`
    );
  }
  get hint(): string {
    return "stop a unit, lower a memory limit, or raise process_manager.resources.overcommit_threshold";
  }
}

const [before, behind] = ["killed by the kernel for want of memory: the control group ", " was at its limit"] as const;

/** A kill that the kernel tells of, for people. */
export const outOfMemoryText = ({ group }: OutOfMemory): string =>
  group === null ? "killed by the kernel: the machine had no memory left" : before + group + behind;

/** Whether that was the group in this folder. */
export const isAtLimitOf = (folder: string | undefined, text: string): boolean =>
  folder !== undefined && text.startsWith(before) && folder.endsWith(text.slice(before.length, -behind.length));
