/**
 * An `Io` without a process: what is written is kept, signals are sent by calling, a master is started from a fake `Control`.
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import * as Fs from "node:fs";
import * as Os from "node:os";
import * as Path from "node:path";
import { serve } from "../../src/api/index.ts";
import { type EndSignal, type ExitCode, type Io, type Output, OutputClosed, run } from "../../src/cli/index.ts";
import { Control } from "../../src/master/Control.ts";
import * as Fake from "../api/fakeControl.ts";

export interface TestIo extends Io {
  readonly out: () => string;
  readonly err: () => string;
  readonly emit: (signal: EndSignal) => void;
  /** How many listen for signals. */
  readonly listening: () => number;
}

const output = (isTTY: boolean, room: { rows: number; columns: number }, closed: () => boolean): [Output, () => string] => {
  let text = "";
  return [
    {
      isTTY,
      ...room,
      write: (piece) =>
        Effect.suspend(() => {
          if (closed()) return Effect.fail(new OutputClosed());
          text += typeof piece === "string" ? piece : Buffer.from(piece).toString();
          return Effect.void;
        }),
    },
    () => text,
  ];
};

export const testIo = (
  folder: string,
  more: Partial<Io> & { readonly tty?: boolean; readonly closed?: () => boolean; readonly rows?: number; readonly columns?: number } = {},
): TestIo => {
  const { closed = () => false, columns = 80, rows = 24, tty = false, ...rest } = more;
  const [stdout, out] = output(tty, { columns, rows }, closed);
  const [stderr, err] = output(tty, { columns, rows }, () => false);
  const handlers = new Set<(signal: EndSignal) => void>();
  return {
    stdout,
    stderr,
    env: { HSU_SOCKET: Path.join(folder, "master.sock"), HSU_STATE_DIR: Path.join(folder, "state"), HOME: folder, TERM: "xterm" },
    cwd: folder,
    uid: 1000,
    version: "0.1.0",
    onSignal: (handler) => {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
    startMaster: () => Effect.die("this test starts no master"),
    self: [],
    stdin: { isTTY: tty, bytes: async function* () {}, raw: () => {} },
    hear: () => () => {},
    readStdin: () => Promise.resolve(""),
    ...rest,
    out,
    err,
    emit: (signal) => handlers.forEach((handler) => handler(signal)),
    listening: () => handlers.size,
  };
};

/** Runs a command line to its end. */
export const hsu = (io: Io, ...argv: ReadonlyArray<string>): Effect.Effect<ExitCode> => run(argv, io);

/** A folder that goes with the scope. */
export const folder = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "hsu-cli-"))),
  (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true })),
);

/** A fake master behind a real socket in `folder`. `stop` ends it, as the end of a real master would. */
export const master = Effect.fnUntraced(function* (path: string) {
  const fake = yield* Fake.make;
  const scope = yield* Scope.fork(yield* Effect.scope);
  const layer = Layer.effectDiscard(serve(Path.join(path, "master.sock"))).pipe(Layer.provide(Layer.succeed(Control, fake.control)));
  yield* Layer.buildWithScope(layer, scope);
  return { ...fake, stop: Scope.close(scope, yield* Effect.exit(Effect.void)) };
});

export const until = (condition: () => boolean, what = "the condition"): Effect.Effect<void> =>
  Effect.sleep(5).pipe(
    Effect.repeat({ until: () => condition() }),
    Effect.timeoutOrElse({ duration: 5000, orElse: () => Effect.die(new Error(`${what} did not come`)) }),
    Effect.asVoid,
  );

export const scoped = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> => Effect.runPromise(Effect.scoped(effect));
