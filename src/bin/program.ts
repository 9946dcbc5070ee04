/**
 * The `hsu` program: the only place where the parts meet the process they run in.
 */
import { join } from "node:path";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as References from "effect/References";
import type * as Scope from "effect/Scope";
import { nodeIo, run, type StartMaster } from "../cli/index.ts";
import type { TelemetrySpec } from "../unit/index.ts";
import type { Control, Service, Within } from "../master/index.ts";
import type { Peering } from "../peer/index.ts";
import { version } from "./version.ts";

/** From here on it is worth a megabyte or two that a master works faster. */
const manyUnits = 50;

const holdAfterMillis = 500;

/** Imported when a master starts: the other verbs need none of it. */
const startMaster: StartMaster = Effect.fnUntraced(function* (spec, { socketPath, stateDirectory }) {
  const { api, Audit, Control, driver, logs, master, masterRunsOn, ownFiles, peer, platform, processes, replace, reveal, store, unitsOf } =
    yield* Effect.promise(() => import("./masterParts.ts"));
  yield* masterRunsOn(process.platform);
  platform.adoptOrphans();
  if (unitsOf(spec.root).length > manyUnits) platform.compile();
  return yield* Effect.gen(function* () {
    yield* platform.takeOver;
    const os = yield* platform.Processes;
    const identity = yield* os.identify(process.pid);
    const memory = Option.match(identity, {
      onNone: () => Effect.succeed(null),
      onSome: (own) => Effect.map(os.stats(own), (stats) => Option.getOrNull(Option.map(stats, ({ rssBytes }) => rssBytes))),
    });
    const serving = (id: string, serve: Effect.Effect<unknown, unknown, Scope.Scope | Control>): Service => ({
      id,
      start: (control) => Effect.asVoid(Effect.provideService(serve, Control, control)),
    });
    const within = (id: string, serve: (place: Within) => Effect.Effect<unknown, unknown, Scope.Scope | Control>): Service => ({
      id,
      start: (control, place) => Effect.asVoid(Effect.provideService(serve(place), Control, control)),
    });
    let peering: Peering | undefined;
    const { http, peers = [], port, rpc } = spec;
    const tokens = join(stateDirectory, "tokens.json");
    const withPeers = (id: string, serve: (all: Peering) => Effect.Effect<unknown, unknown, Scope.Scope | Control>): Service => ({
      id,
      start: (control, within) => {
        peering ??= peer.make({ control, within, stateDirectory, version, peers });
        return Effect.asVoid(Effect.provideService(serve(peering), Control, control));
      },
    });
    // Units matter more than what is written about them.
    const unwritable = (error: { readonly code: string; readonly message: string }): void =>
      void process.stderr.write(`warning: ${error.message} [${error.code}]\n`);
    const state = yield* store.SqliteStore.open({ directory: stateDirectory, bootId: os.bootId(), unwritable });
    const pids = join(stateDirectory, "pids");
    yield* platform.Paths.ensurePrivate(pids);
    const outputs = yield* logs.collecting({
      stateDirectory,
      reveal,
      units: new Map(unitsOf(spec.root).map((unit) => [unit.id, unit.logs])),
    });
    const { audit = {} } = spec;
    const throttle = api.makeThrottle(spec.limits);
    const trail = Audit.make({
      path: audit.path ?? join(stateDirectory, "audit.log"),
      rotation: { maxBytes: audit.maxBytes ?? 10_000_000, maxFiles: audit.maxFiles ?? 10 },
      onFailure: audit.onFailure ?? "refuse",
      store: state,
      version,
      pid: process.pid,
      startedAt: Date.now(),
      unwritable,
    });
    const noted = audit.enabled === false ? undefined : trail;
    // Loaded by a config that asks for it alone.
    const telemetry = spec.telemetry === undefined ? undefined : yield* telemetryOf(spec.telemetry);
    const through = telemetry === undefined ? noted : telemetry.traced(noted);
    const control = yield* master.start({
      spec,
      ...(through === undefined ? {} : { audit: through }),
      outputs,
      store: store.PidFiles.beside(state, pids, unwritable),
      driver: yield* driver.ProcessDriver.make({ stateDirectory, environment: process.env, outputs }),
      stateDirectory,
      version,
      pid: process.pid,
      memory,
      replace: (command) => replace(command, spec.source),
      services: [
        withPeers("api", ({ begin, reach }) =>
          // The root starts nobody else while it starts this one.
          Effect.andThen(api.serve(socketPath, reach), Effect.forkScoped(begin)),
        ),
        ...(telemetry === undefined ? [] : [within("telemetry", telemetry.serve)]),
        ...(port === undefined ? [] : [withPeers("grpc", ({ reach }) => api.serveGrpc(port, { tokens, reach, throttle }))]),
        ...(spec.grpc === undefined ? [] : [withPeers("grpc-tls", ({ reach }) => api.serveGrpc(spec.grpc!, { tokens, reach, throttle }))]),
        ...(http === undefined ? [] : [withPeers("http", ({ reach }) => api.serveHttp(http, tokens, throttle, reach))]),
        ...(rpc === undefined ? [] : [withPeers("rpc", ({ reach }) => api.serveNetwork(rpc, { tokens, version, reach, throttle }))]),
        ...(spec.registry === undefined ? [] : [serving("registry", api.serveRegistry(spec.registry))]),
      ],
    });
    yield* platform.tookOver;
    // When the units have been started: nobody replaces a program in the moment in which it is started.
    if (import.meta.filename.endsWith(".mjs")) setTimeout(() => ownFiles.hold(import.meta.dirname), holdAfterMillis).unref();
    return control;
  }).pipe(
    Effect.provide(processes),
    // What the tree itself has to say goes to stderr, beside the picture or the lines of `up`.
    Effect.provideService(References.MinimumLogLevel, logLevels[spec.logLevel]),
    Effect.provideService(References.LogToStderr, true),
  );
});

const telemetryOf = Effect.fnUntraced(function* (spec: TelemetrySpec) {
  const { make, settingsOf } = yield* Effect.promise(() => import("../api/telemetry/index.ts"));
  const settings = settingsOf(spec, process.env);
  return settings === undefined ? undefined : make({ settings, version, pid: process.pid });
});

const logLevels = { debug: "Debug", info: "Info", warn: "Warn", error: "Error" } as const;

const program = run(process.argv.slice(2), nodeIo({ version, startMaster }));

// The verbs show their own errors and take their own signals: what is left to do is the exit code.
Effect.runCallback(program, {
  onExit: (exit) => {
    process.exitCode = exit._tag === "Success" ? exit.value : 1;
    if (exit._tag === "Failure") process.stderr.write(`error: internal error: ${Cause.pretty(exit.cause)} [HSU-CLI-099]\n`);
    // Handles that outlive the program (a watched file, an idle client) must not keep it.
    process.stdout.write("", () => process.exit());
  },
});
