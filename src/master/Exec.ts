/**
 * Commands beside units: each is run in the environment of its unit, and ends with the stream of who has asked for it.
 */
import { randomUUID } from "node:crypto";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import type { Driver } from "../driver/index.ts";
import { type Attended, Signal } from "../platform/index.ts";
import {
  CommandNotStarted,
  type ExecEvent,
  type ExecInput,
  type ExecRequest,
  NoInput,
  NoSuchExec,
  NotBeside,
} from "../protocol/ExecRpc.ts";
import { secretsOf } from "../unit/index.ts";
import type { Entry } from "./Entry.ts";

export interface Deps {
  readonly driver: Driver;
  /** Hears of secrets that are given to a command. */
  readonly learned: (secrets: Iterable<string>) => void;
  readonly publish: (entry: Entry, type: string, message: string) => void;
}

export interface Execs {
  readonly run: (entry: Entry, request: ExecRequest) => Stream.Stream<ExecEvent, NotBeside | CommandNotStarted>;
  readonly write: (entry: Entry, data: Uint8Array) => Effect.Effect<void, NoInput>;
  readonly tell: (session: string, input: ExecInput) => Effect.Effect<void, NoSuchExec>;
}

/** A shell's words, for people. */
const shown = (command: ReadonlyArray<string>): string =>
  command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");

const start = Effect.fnUntraced(function* ({ driver, learned }: Deps, { slot, spec }: Entry, request: ExecRequest) {
  const { command, standalone, tty, unit } = request;
  const { attend } = driver;
  if (attend === undefined || spec.kind === "module" || spec.kind === "unmanaged") {
    const why =
      attend === undefined
        ? "its driver cannot"
        : `it is ${spec.kind === "module" ? "a module" : "unmanaged"}, and has no environment here`;
    return yield* new NotBeside({ unit, why, hint: "units of type standard_managed and integrated_managed have one" });
  }
  if (slot.task === null && !standalone) {
    const hint = `start it: hsu start ${unit}; or run it without its limits: hsu exec --standalone ${unit} -- ${shown(command)}`;
    return yield* new NotBeside({ unit, why: "it does not run", hint });
  }
  const [executable, ...args] = command;
  const notStarted = (error: { readonly message: string; readonly hint?: string; readonly code?: string }) =>
    new CommandNotStarted({
      unit,
      isMissing: error.code === "HSU-PROC-001",
      why: error.message,
      hint: error.hint ?? `\`hsu describe ${unit}\` tells where it runs, and what`,
    });
  const secrets = yield* Effect.mapError(secretsOf({ spec, learned }), notStarted);
  const environment = { ...spec.environment, ...secrets, ...(tty === null ? {} : { TERM: tty.term }) };
  const { id, workingDirectory } = spec;
  const what = { id, executable, args, workingDirectory, environment, tty: tty === null ? null : tty.size };
  return yield* Effect.mapError(attend(what, slot.task), notStarted);
});

export const make = (deps: Deps): Execs => {
  const sessions = new Map<string, Attended>();
  return {
    run: (entry, request) =>
      Stream.unwrap(
        Effect.gen(function* () {
          const session = randomUUID();
          const attended = yield* Effect.acquireRelease(start(deps, entry, request), (running) =>
            Effect.sync(() => {
              sessions.delete(session);
              running.hangUp();
            }),
          );
          sessions.set(session, attended);
          deps.publish(entry, "exec", `${shown(request.command)}, pid ${attended.pid}`);
          const output = Stream.fromAsyncIterable(attended.output, (cause) => cause).pipe(
            Stream.orDie,
            Stream.map(({ data, stream }): ExecEvent => ({ _tag: "Output", stream, data })),
          );
          const exited = Stream.suspend(() => Stream.succeed<ExecEvent>({ _tag: "Exited", ...attended.exit() }));
          return Stream.concat(Stream.succeed<ExecEvent>({ _tag: "Started", session, pid: attended.pid }), Stream.concat(output, exited));
        }),
      ),
    write: ({ slot, spec: { id, stdin } }, data) => {
      const { driver } = deps;
      if (stdin === undefined || driver.write === undefined) {
        const hint = "give it one: control.stdin: pipe";
        return Effect.fail(new NoInput({ unit: id, why: "it has no standard input", hint }));
      }
      const hint = `\`hsu start ${id}\` starts it`;
      if (slot.task === null) return Effect.fail(new NoInput({ unit: id, why: "it does not run", hint }));
      return Effect.mapError(driver.write(id, data), ({ reason }) => new NoInput({ unit: id, why: reason, hint }));
    },
    tell: (session, input) =>
      Effect.suspend(() => {
        const attended = sessions.get(session);
        if (attended === undefined) return Effect.fail(new NoSuchExec({ session }));
        switch (input._tag) {
          case "Data":
            return Effect.promise(() => attended.write(input.data));
          case "End":
            return Effect.sync(attended.endInput);
          case "Resize":
            return Effect.sync(() => attended.resize(input.size));
          case "Signal":
            return Effect.sync(() => Option.map(Signal.parse(input.signal), attended.signal));
        }
      }),
  };
};
