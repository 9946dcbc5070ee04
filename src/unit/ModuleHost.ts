/**
 * Runs an actor that an ES module exports: in this process, or on a thread of its own. The module brings its own copy of the framework, so the actor is
 * asked to run itself, and only plain values go between the two (`src/actor/internal/hosted.ts`).
 */
import { Console } from "node:console";
import { existsSync } from "node:fs";
import { Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { optimize } from "../platform/index.ts";

/** What a module unit runs. */
export interface ModuleSpec {
  /** Absolute. */
  readonly path: string;
  /** The name of the export that is the actor. */
  readonly export: string;
  /** What its `init` is given. */
  readonly config: unknown;
  /** On a thread of its own. */
  readonly worker: boolean;
}

/** The module is not what the config says of it: to try again is of no use before somebody has changed it. */
export class ModuleError extends Schema.TaggedError<ModuleError>()("ModuleError", {
  reason: Schema.Literals(["NotImported", "NoExport", "NoActor"]),
  module: Schema.String,
  detail: Schema.String,
}) {
  /** `HSU-MOD-001` … `HSU-MOD-003`. */
  get code(): string {
    return { NotImported: "HSU-MOD-001", NoExport: "HSU-MOD-002", NoActor: "HSU-MOD-003" }[this.reason];
  }
  override get message(): string {
    return {
      NotImported: `the module ${this.module} cannot be imported: ${this.detail}`,
      NoExport: `the module ${this.module} has no export ${this.detail}`,
      NoActor: `${this.detail} of the module ${this.module} is no actor`,
    }[this.reason];
  }
}

/** The actor did not start. */
export class ModuleStartFailed extends Schema.TaggedError<ModuleStartFailed>()("ModuleStartFailed", { text: Schema.String }) {
  readonly code = "HSU-MOD-004";
  override get message(): string {
    return this.text;
  }
}

/** How an actor ended; `text` is for people. */
export interface ModuleEnd {
  readonly how: "normal" | "shutdown" | "killed" | "error";
  readonly text: string;
}

/** An actor of a module that runs. */
export interface RunningModule {
  /** Of its worker; null in this thread. */
  readonly thread: number | null;
  readonly ended: Promise<ModuleEnd>;
  readonly stop: () => void;
  readonly kill: () => void;
}

/** Where its output goes: each text holds whole lines, or what is there of one. */
export interface ModuleOutput {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

type Host = (
  config: unknown,
  options: { readonly id: string; readonly console: globalThis.Console; readonly signal?: AbortSignal },
) => Promise<Omit<RunningModule, "thread">>;

/** What goes wrong before there is an actor, as plain values: they come from a thread as well. */
type Refusal = { readonly refused: ModuleError["reason"]; readonly detail: string } | { readonly failed: string };

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The host of the exported actor, whichever copy of the framework it was made with. */
const find = async ({ export: name }: ModuleSpec, url: string): Promise<Host | Refusal> => {
  let loaded: Record<string, unknown>;
  try {
    loaded = (await import(/* @vite-ignore */ url)) as Record<string, unknown>;
  } catch (error) {
    return { refused: "NotImported", detail: messageOf(error) };
  }
  if (!(name in loaded)) {
    return { refused: "NoExport", detail: `${JSON.stringify(name)}; it exports ${Object.keys(loaded).join(", ") || "nothing"}` };
  }
  const found = loaded[name] as { readonly "~hsu/host/1"?: Host } | null | undefined;
  return found?.["~hsu/host/1"] ?? { refused: "NoActor", detail: `the export ${JSON.stringify(name)}` };
};

/** Imports that have failed are not forgotten by Node: another try needs another name. */
const tries = new Map<string, number>();
const urlOf = (path: string): string => {
  const { href } = pathToFileURL(path);
  const count = tries.get(path);
  return count === undefined ? href : `${href}?try=${count}`;
};

const consoleOn = ({ stderr, stdout }: ModuleOutput): Console => {
  const stream = (write: (text: string) => void): Writable =>
    new Writable({
      decodeStrings: false,
      write: (chunk: unknown, _encoding, done) => {
        write(String(chunk));
        done();
      },
    });
  return new Console({ stdout: stream(stdout), stderr: stream(stderr), colorMode: false });
};

const inProcess = async (id: string, spec: ModuleSpec, output: ModuleOutput, signal: AbortSignal): Promise<RunningModule | Refusal> => {
  const host = await find(spec, urlOf(spec.path));
  if (typeof host !== "function") {
    if ("refused" in host && host.refused === "NotImported") tries.set(spec.path, (tries.get(spec.path) ?? 0) + 1);
    return host;
  }
  try {
    const { ended, kill, stop } = await host(spec.config, { id, console: consoleOn(output), signal });
    return { ended, kill, stop, thread: null };
  } catch (error) {
    return { failed: messageOf(error) };
  }
};

/** The program of the thread. It is a text, so that it needs no file beside a bundled program; it does what `find` and `inProcess` do. */
const threadProgram = `
const { parentPort, workerData: { config, id, name, url } } = require("node:worker_threads");
const messageOf = (error) => (error instanceof Error ? error.message : String(error));
const refuse = (refused, detail) => parentPort.postMessage({ refused, detail });
let running;
// It keeps the thread alive as well: an actor that only waits does not.
parentPort.on("message", () => running?.stop());
(async () => {
  let loaded;
  try {
    loaded = await import(url);
  } catch (error) {
    return refuse("NotImported", messageOf(error));
  }
  if (!(name in loaded)) return refuse("NoExport", JSON.stringify(name) + "; it exports " + (Object.keys(loaded).join(", ") || "nothing"));
  const host = loaded[name]?.["~hsu/host/1"];
  if (host === undefined) return refuse("NoActor", "the export " + JSON.stringify(name));
  try {
    running = await host(config, { id, console });
  } catch (error) {
    return parentPort.postMessage({ failed: messageOf(error) });
  }
  parentPort.postMessage({ started: true });
  const { how, text } = await running.ended;
  parentPort.postMessage({ how, text });
  parentPort.close();
})();
`;

/** How long a thread whose actor has ended may take for what it still has to do. */
const lastMillis = 1000;

type FromThread = Refusal | { readonly started: true } | ModuleEnd;

const onThread = (
  id: string,
  { config, export: name, path }: ModuleSpec,
  output: ModuleOutput,
  signal: AbortSignal,
): Promise<RunningModule | Refusal> =>
  new Promise((opened) => {
    const workerData = { id, name, config, url: pathToFileURL(path).href };
    let worker: Worker;
    try {
      worker = new Worker(threadProgram, { eval: true, workerData, stdout: true, stderr: true });
    } catch (error) {
      return opened({ failed: messageOf(error) });
    }
    worker.stdout.setEncoding("utf8").on("data", output.stdout);
    worker.stderr.setEncoding("utf8").on("data", output.stderr);
    let end: ModuleEnd | undefined;
    let told!: (end: ModuleEnd) => void;
    const ended = new Promise<ModuleEnd>((done) => (told = done));
    const kill = (): void => void worker.terminate();
    signal.addEventListener("abort", kill, { once: true });
    worker.on("error", (error) => (end ??= { how: "error", text: messageOf(error) }));
    worker.on("exit", (code) => {
      end ??= { how: "killed", text: `the thread has ended with code ${code}` };
      opened({ failed: end.text });
      told(end);
    });
    worker.on("message", (message: FromThread) => {
      if ("started" in message) return opened({ thread: worker.threadId, ended, kill, stop: () => worker.postMessage("stop") });
      if (!("how" in message)) {
        opened(message);
        return kill();
      }
      end = message;
      setTimeout(kill, lastMillis).unref();
    });
  });

/** Starts the actor; what has been started belongs to the caller. */
export const openModule = (
  id: string,
  spec: ModuleSpec,
  output: ModuleOutput,
): Effect.Effect<RunningModule, ModuleError | ModuleStartFailed> =>
  Effect.flatMap(
    Effect.promise((signal) => {
      // Node's own words name who imports it, which is of no use to anybody.
      if (!existsSync(spec.path)) return Promise.resolve({ refused: "NotImported" as const, detail: "there is no such file" });
      optimize();
      return (spec.worker ? onThread : inProcess)(id, spec, output, signal);
    }),
    (opened): Effect.Effect<RunningModule, ModuleError | ModuleStartFailed> => {
      if ("ended" in opened) return Effect.succeed(opened);
      return Effect.fail(
        "refused" in opened
          ? new ModuleError({ reason: opened.refused, module: spec.path, detail: opened.detail })
          : new ModuleStartFailed({ text: opened.failed }),
      );
    },
  );
