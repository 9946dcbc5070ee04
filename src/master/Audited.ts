/**
 * What changes something is written down, whichever door it came through: each command of `Control` once, as all doors lead here.
 */
import type { Trail } from "../security/index.ts";
import type { Control } from "./Control.ts";

type Service = Control["Service"];

const text = (value: unknown): string => JSON.stringify(value) ?? "";

/**
 * A refusal by the log is an error of the door, as is each other one: the types of commands alone do not know it.
 */
export const audited = (control: Service, trail: Trail): Service => {
  const onUnit =
    <A, E>(operation: string, run: (unit: string) => A & import("effect/Effect").Effect<unknown, E>, isEnd = false) =>
    (unit: string): A =>
      trail.around({ operation, target: unit, isEnd }, run(unit)) as unknown as A;
  const whole = <F>(effect: unknown): F => effect as F;
  return {
    ...control,
    audit: trail,
    start: onUnit("Start", control.start),
    stop: onUnit("Stop", control.stop, true),
    restart: onUnit("Restart", control.restart),
    reload: onUnit("Reload", control.reload),
    resetFailed: onUnit("ResetFailed", control.resetFailed),
    roll: (units) => whole(trail.aroundStream({ operation: "Roll", target: units.join(" ") }, control.roll(units))),
    signal: (unit, signal) =>
      whole(trail.around({ operation: "Signal", target: unit, payload: () => ({ signal }) }, control.signal(unit, signal))),
    call: (request) =>
      request.method === null
        ? control.call(request)
        : whole(
            trail.aroundStream(
              {
                operation: "Call",
                target: request.unit,
                payload: (sha256) => ({ method: request.method ?? "", sha256: sha256(request.json) }),
              },
              control.call(request),
            ),
          ),
    exec: (request) =>
      whole(
        trail.aroundStream(
          {
            operation: "Exec",
            target: request.unit,
            payload: (sha256) => ({ program: request.command[0], sha256: sha256(text(request.command)) }),
          },
          control.exec(request),
        ),
      ),
    input: (unit, data) =>
      whole(trail.around({ operation: "Input", target: unit, payload: () => ({ bytes: data.length }) }, control.input(unit, data))),
    upgrade: (command) =>
      whole(
        trail.around(
          { operation: "Upgrade", payload: (sha256) => ({ program: command[0] ?? "", sha256: sha256(text(command)) }) },
          control.upgrade(command),
        ),
      ),
    apply: (spec, how) =>
      whole(
        trail.around(
          { operation: "Apply", target: spec.source, payload: (sha256) => ({ how, sha256: sha256(text(spec)) }) },
          control.apply(spec, how),
        ),
      ),
    rollback: (revision) =>
      whole(
        trail.around({ operation: "Rollback", payload: () => ({ revision: revision ?? "the one before" }) }, control.rollback(revision)),
      ),
    shutdown: whole(trail.around({ operation: "Shutdown", isEnd: true }, control.shutdown)),
  };
};
