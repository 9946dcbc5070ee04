/**
 * What an actor was doing when it crashed: carried by the reason as far as the report of it, and not kept any longer.
 */
import type * as Cause from "effect/Cause";
import type { ExitReason } from "../ExitReason.ts";
import type { Behavior } from "./behavior.ts";

/** What is shown of an actor. */
export interface Shown<out State> {
  readonly state: State;
  readonly message: { readonly tag: string; readonly payload: unknown } | null;
  readonly reason: ExitReason | null;
}

interface CrashDetails {
  /** Before the handler that failed. */
  readonly state: unknown;
  readonly message: Shown<unknown>["message"];
  readonly behavior: Behavior;
}

class Crash {
  readonly _tag = "Error";
  readonly cause: Cause.Cause<unknown>;
  #details: CrashDetails | null;

  constructor(cause: Cause.Cause<unknown>, details: CrashDetails) {
    this.cause = cause;
    this.#details = details;
  }

  static take(reason: ExitReason): CrashDetails | null {
    if (!(reason instanceof Crash)) return null;
    const details = reason.#details;
    reason.#details = null;
    return details;
  }
}

export const crashed = (cause: Cause.Cause<unknown>, details: CrashDetails): ExitReason => new Crash(cause, details);

/** What the report of a crash shows: once, and what its actor was made to show. */
export const takeShown = (reason: ExitReason): (Shown<unknown> & { readonly formatError?: unknown }) | null => {
  const details = Crash.take(reason);
  return details === null ? null : show(details.behavior, { state: details.state, message: details.message, reason });
};

/**
 * What an actor shows of itself, by its own `format`. Where that throws, nothing is shown that it might have left out.
 */
export const show = ({ format, view }: Behavior, raw: Shown<unknown>): Shown<unknown> & { readonly formatError?: unknown } => {
  const shown = view === undefined ? raw : { ...raw, state: view.get(raw.state) };
  if (format === undefined) return shown;
  try {
    return { ...shown, ...format(shown) };
  } catch (error) {
    const message = raw.message === null ? null : { tag: raw.message.tag, payload: undefined };
    return { state: undefined, message, reason: raw.reason, formatError: error };
  }
};
