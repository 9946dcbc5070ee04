/**
 * Starts a tree in this process.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import { load, parse } from "../config/index.ts";
import { Control } from "../master/Control.ts";
import { embedded } from "../master/Embed.ts";
import type { Service } from "../master/index.ts";
import type { Peering } from "../peer/index.ts";
import { layer as processes } from "../platform/Systems.ts";
import type { MasterSpec } from "../unit/index.ts";
import { make, type Tree } from "./Tree.ts";

/** A tree that was made in code, a config file, or its text. @since 0.1.0 */
export type LaunchSource = MasterSpec | { readonly file: string } | { readonly yaml: string };

/** @since 0.1.0 */
export interface LaunchOptions {
  /** Where logs and tokens are kept. Default: a folder of its own that ends with the tree. */
  readonly stateDirectory?: string;
  /** Stops the tree; during the start, the start fails with its reason when all is down again. */
  readonly signal?: AbortSignal;
  /** What of `process_manager.rpc` and `process_manager.http` is opened. Default: nothing. */
  readonly doors?: ReadonlyArray<"rpc" | "http">;
  /** A unix socket at which `hsu --socket PATH` reaches the tree. Default: none. */
  readonly socket?: string;
}

const specOf = (source: LaunchSource): Effect.Effect<MasterSpec, unknown> => {
  if ("root" in source) return Effect.succeed(source);
  const read = "file" in source ? load(source.file) : Effect.fromResult(parse(source.yaml, "hsu.yaml"));
  return Effect.map(read, ({ spec }) => spec);
};

const begin = Effect.fnUntraced(function* (source: LaunchSource, stateDirectory: string, { doors = [], socket }: LaunchOptions) {
  const spec = yield* specOf(source);
  const ports: { rpc?: number; http?: number } = {};
  const tokens = join(stateDirectory, "tokens.json");
  let peering = undefined as Peering | undefined;
  const { http, peers = [], rpc } = spec;
  const services: Array<Service> = [];
  const serve = (id: string, start: (among: Peering) => Effect.Effect<void, unknown, Scope.Scope | Control>): void =>
    void services.push({
      id,
      start: (control, within) =>
        Effect.gen(function* () {
          const { make: peer } = yield* Effect.promise(() => import("../peer/index.ts"));
          peering ??= peer({ control, within, stateDirectory, version: "embedded", peers });
          yield* Effect.provideService(start(peering), Control, control);
        }),
    });
  const api = Effect.promise(() => import("../api/index.ts"));
  if (peers.length > 0) serve("peering", () => Effect.void);
  if (socket !== undefined) serve("api", ({ reach }) => Effect.flatMap(api, ({ serve: open }) => open(socket, reach)));
  if (doors.includes("rpc") && rpc !== undefined) {
    serve("rpc", ({ reach }) =>
      Effect.flatMap(api, ({ serveNetwork }) =>
        Effect.map(serveNetwork(rpc, { tokens, version: "embedded", reach }), (port) => void (ports.rpc = port)),
      ),
    );
  }
  if (doors.includes("http") && http !== undefined) {
    serve("http", () => Effect.flatMap(api, ({ serveHttp }) => Effect.map(serveHttp(http, tokens), (port) => void (ports.http = port))));
  }
  const control = yield* embedded(spec, stateDirectory, services);
  // The root starts nobody else while it starts its parts.
  if (peering !== undefined) yield* peering.begin;
  return { control, ports, peer: (name: string) => peering?.node(name), tokens };
});

/**
 * Starts a tree in this process: all its units run when the promise is fulfilled. The process stays the host's own: no signal is caught, and nothing is opened
 * that was not asked for.
 *
 * @example
 * ```ts run
 * import { define, launch } from "hsu/master"
 *
 * const { master, unit } = define(import.meta.filename)
 * const spec = master({ children: [unit({ id: "sleeper", executable: "sleep", args: ["60"] })] })
 *
 * const seen = await (async () => {
 *   await using tree = await launch(spec)
 *   const { state } = await tree.unit("sleeper").status()
 *   const after = await tree.unit("sleeper").stop()
 *   return [state, after.state]
 * })()
 * seen // => ["running", "stopped"]
 * ```
 * @since 0.1.0
 */
export const launch = async (source: LaunchSource, options: LaunchOptions = {}): Promise<Tree> => {
  const { signal } = options;
  signal?.throwIfAborted();
  const stateDirectory = options.stateDirectory ?? mkdtempSync(join(tmpdir(), "hsu-embedded-"));
  const clean = (): void => (options.stateDirectory === undefined ? rmSync(stateDirectory, { recursive: true, force: true }) : undefined);
  const scope = Scope.makeUnsafe();
  const started = begin(source, stateDirectory, options).pipe(Effect.provide(processes), Effect.provideService(Scope.Scope, scope));
  const exit = await Effect.runPromiseExit(started, signal === undefined ? {} : { signal });
  if (Exit.isFailure(exit)) {
    await Effect.runPromise(Scope.close(scope, exit)).finally(clean);
    signal?.throwIfAborted();
    throw Cause.squash(exit.cause);
  }
  const { tokens, ...parts } = exit.value;
  const tree = make({
    ...parts,
    scope,
    clean,
    mount: (how) =>
      Effect.flatMap(
        Effect.promise(() => import("../api/HttpMount.ts")),
        ({ mount }) => mount(how, tokens),
      ),
  });
  const abort = (): void => void tree.stop();
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted === true) abort();
  void tree.ended.finally(() => signal?.removeEventListener("abort", abort));
  return tree;
};
