/**
 * A master inside another program: the same tree as `hsu up`, as a layer; it opens no socket and no port.
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import { type ConfigError, load, parse } from "../config/index.ts";
import { ProcessDriver } from "../driver/index.ts";
import { collecting } from "../logs/index.ts";
import { Paths, type Processes } from "../platform/index.ts";
import { layer as processes } from "../platform/Systems.ts";
import { MemoryStore } from "../store/index.ts";
import { type MasterSpec, reveal, unitsOf } from "../unit/index.ts";
import { Control } from "./Control.ts";
import { type MasterStartError, start } from "./Master.ts";
import type { Options } from "./Options.ts";

/** Where an embedded master keeps what its units write. */
export interface EmbedOptions {
  /** Default: `$HSU_STATE_DIR`, `$XDG_STATE_HOME/hsu`, `/var/lib/hsu` for root, `~/.local/state/hsu`. */
  readonly stateDirectory?: string;
}

/**
 * `Control` of a master that runs the tree of a config file in this process. All units run when the layer is built; they are stopped, in reverse
 * order, when its scope closes.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Control, layerFile } from "hsu/master"
 *
 * const program = Effect.gen(function*() {
 *   const control = yield* Control
 *   yield* control.restart("worker")
 * }).pipe(Effect.provide(layerFile("hsu.yaml")))
 * ```
 * @since 0.1.0
 */
export const layerFile = (file: string, options?: EmbedOptions): Layer.Layer<Control, ConfigError | MasterStartError> =>
  Layer.unwrap(Effect.map(load(file), ({ spec }) => layer(spec, options)));

/**
 * The same for a config that is a text. Relative paths in it start at the working directory.
 *
 * @example
 * ```ts run
 * import { Effect } from "effect"
 * import { Control, layerText } from "hsu/master"
 *
 * const config = `
 * managed_processes:
 *   - id: sleeper
 *     type: standard_managed
 *     management: { control: { executable: sleep, arguments: ["60"] } }
 * `
 * const states = Effect.gen(function*() {
 *   const control = yield* Control
 *   const { units } = yield* control.status
 *   return units.map((unit) => `${unit.id} ${unit.state}`)
 * }).pipe(Effect.provide(layerText(config)))
 *
 * await Effect.runPromise(states) // => ["sleeper running"]
 * ```
 * @since 0.1.0
 */
export const layerText = (yaml: string, options?: EmbedOptions): Layer.Layer<Control, ConfigError | MasterStartError> =>
  Layer.unwrap(Effect.map(Effect.fromResult(parse(yaml, "hsu.yaml")), ({ spec }) => layer(spec, options)));

/** The same for a tree that was made in code. @since 0.1.0 */
export const layer = (spec: MasterSpec, options?: EmbedOptions): Layer.Layer<Control, MasterStartError> =>
  Layer.effect(
    Control,
    Effect.gen(function* () {
      if (spec.port !== undefined) yield* Effect.logWarning("process_manager.port: an embedded master opens no port");
      if (spec.registry !== undefined) yield* Effect.logWarning("process_manager.registry: an embedded master opens none");
      if (spec.http !== undefined) yield* Effect.logWarning("process_manager.http: an embedded master opens none");
      if (spec.rpc !== undefined) yield* Effect.logWarning("process_manager.rpc: an embedded master opens none");
      return yield* embedded(spec, options?.stateDirectory ?? Paths.stateDirectory(process.env, process.getuid?.() ?? 0));
    }),
  ).pipe(Layer.provide(processes));

/** The master itself, with what serves it. */
export const embedded = Effect.fnUntraced(function* (
  spec: MasterSpec,
  stateDirectory: string,
  services: Options["services"] = [],
): Effect.fn.Return<Control["Service"], MasterStartError, Processes | Scope.Scope> {
  const outputs = yield* collecting({ stateDirectory, reveal, units: new Map(unitsOf(spec.root).map(({ id, logs }) => [id, logs])) });
  return yield* start({
    spec,
    outputs,
    driver: yield* ProcessDriver.make({ stateDirectory, environment: process.env, outputs }),
    stateDirectory,
    store: MemoryStore.make(),
    version: "embedded",
    pid: process.pid,
    memory: Effect.sync(() => process.memoryUsage.rss()),
    services,
  });
});
