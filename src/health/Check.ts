/**
 * One look at a unit, of whatever kind. The parts that bring a protocol with them are loaded when the first probe needs them.
 */
import { stripVTControlCharacters } from "node:util";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { ProcessExit } from "../platform/index.ts";
import type { CheckSpec, ExecCheck } from "./ProbeSpec.ts";

/** What was seen. `saw` is for people: `HTTP 503`, `connection refused`. */
export interface Outcome {
  readonly passed: boolean;
  readonly saw: string;
}

export const passed = (saw: string): Outcome => ({ passed: true, saw });
export const failed = (saw: string): Outcome => ({ passed: false, saw });

/** Something that can be run again and again. An interrupted run leaves nothing behind. */
export interface Check {
  readonly run: Effect.Effect<Outcome>;
  /** Waits until a run would see something else than the last one, which then need not wait for its time; absent: nobody tells. */
  readonly changed?: Effect.Effect<void>;
}

/** Where commands are run: as the unit itself, to their end; an interruption kills the command with its group. */
export type Exec = (command: ExecCheck) => Effect.Effect<ProcessExit & { readonly said: string }, { readonly message: string }>;

/** Characters of it that are shown. */
const saidLength = 200;

/** The end of what a command has printed, in one line. */
const inShort = (said: string): string => {
  const text = Array.from(stripVTControlCharacters(said).split("\n"), (line) => line.replaceAll(/[\p{C}\s]+/gu, " ").trim())
    .filter((line) => line !== "")
    .join(" | ");
  return text.length <= saidLength ? text : `… ${text.slice(-saidLength).trimStart()}`;
};

const execRun = (exec: Exec, spec: ExecCheck): Effect.Effect<Outcome> =>
  Effect.match(exec(spec), {
    onFailure: ({ message }) => failed(message),
    onSuccess: ({ code, said, signal }) => {
      if (code === 0) return passed("exit code 0");
      const how = signal === null ? `exit code ${code ?? "unknown"}` : `signal ${signal}`;
      const words = inShort(said);
      return failed(words === "" ? how : `${how}: ${words}`);
    },
  });

/** What is probed. */
export interface Target {
  readonly exec: Exec;
  /** Where it listens, as far as that is known now. */
  readonly port: () => number | null;
}

/** The check of a spec. What it keeps open is closed with the scope. */
export const make = (spec: CheckSpec, target: Target): Effect.Effect<Check, never, Scope.Scope> => {
  switch (spec.kind) {
    case "http":
      return Effect.map(
        Effect.promise(() => import("./HttpCheck.ts")),
        ({ run }) => ({ run: run(spec) }),
      );
    case "tcp":
      return Effect.map(
        Effect.promise(() => import("./TcpCheck.ts")),
        ({ run }) => ({ run: run(spec) }),
      );
    case "grpc":
      return Effect.flatMap(
        Effect.promise(() => import("./GrpcCheck.ts")),
        (grpc) => grpc.make(spec, target.port),
      );
    case "exec":
      return Effect.succeed({ run: execRun(target.exec, spec) });
    case "process":
      return Effect.succeed({ run: Effect.succeed(passed("the process runs")) });
  }
};
