/**
 * The unit's side: serves its own services and all that a master asks for on the port that it was told, until it is told to end.
 */
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { createServer, ServerError, type ServiceImplementation, Status } from "nice-grpc";
import { CoreServiceDefinition } from "../protocol/gen/core.ts";
import {
  HealthCheckResponse_ServingStatus as Serving,
  type HealthCheckRequest,
  HealthDefinition,
} from "../protocol/gen/grpc/health/v1/health.ts";
import {
  GetStatusResponse_State as StateNumber,
  LogLevel as LevelNumber,
  Metric_Kind as KindNumber,
  UnitServiceDefinition,
} from "../protocol/gen/hsu/unit/v1/unit.ts";
import * as Reflection from "./ReflectionServer.ts";
import type { ServedService } from "./Services.ts";

export type LogLevelName = "debug" | "info" | "warn" | "error";
export type UnitState = "starting" | "running" | "degraded" | "stopping";

/** How the unit is, in its own words. */
export interface UnitReport {
  readonly state?: UnitState;
  /** One line for people. */
  readonly message?: string;
}

export interface Metric {
  /** As Prometheus has it: `requests_total`. */
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** One line for people. */
  readonly help?: string;
}

export interface UnitOptions {
  /** What the unit is for. */
  readonly services: ReadonlyArray<ServedService>;
  /** Called once, when it is to end: on SIGTERM, SIGINT, and when the master asks for it. Calls that are open have been answered then. */
  readonly onShutdown?: (why: string) => void | Promise<void>;
  /** The version of the program, for who asks. */
  readonly version?: string;
  readonly status?: () => UnitReport;
  readonly metrics?: () => ReadonlyArray<Metric>;
  /** The level that it logs at. Without it the level cannot be set. */
  readonly onLogLevel?: (level: LogLevelName) => void;
  readonly logLevel?: LogLevelName;
  /** Puts one setting into effect; what it throws is why that was refused. Without it there are no settings. */
  readonly onSetting?: (name: string, value: string) => void | Promise<void>;
  /** Where `--port N` is looked for; default: the program's own arguments. */
  readonly argv?: ReadonlyArray<string>;
  /** Where to listen when no `--port` is given; default: 50051, as upstream's units. 0: a free one. */
  readonly port?: number;
  /** How long open calls get to end at the shutdown (5000). */
  readonly graceMillis?: number;
  /** Default: `process.exit` once it has ended in good order. */
  readonly exit?: (code: number) => void;
}

export interface ServedUnit {
  readonly port: number;
  /** Begins to end, as SIGTERM does. */
  readonly shutdown: (why?: string) => void;
  /** Completes when it has ended. */
  readonly ended: Promise<void>;
}

/** `--port N` or `--port=N`; other arguments are the program's own. */
const portIn = (argv: ReadonlyArray<string>): number | undefined => {
  const at = argv.findIndex((word) => word === "--port" || word.startsWith("--port="));
  if (at === -1) return undefined;
  const text = argv[at] === "--port" ? (argv[at + 1] ?? "") : argv[at]!.slice("--port=".length);
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new TypeError(`--port needs a number from 0 to 65535, not ${JSON.stringify(text)}`);
  return port;
};

const levels = {
  debug: LevelNumber.LOG_LEVEL_DEBUG,
  info: LevelNumber.LOG_LEVEL_INFO,
  warn: LevelNumber.LOG_LEVEL_WARN,
  error: LevelNumber.LOG_LEVEL_ERROR,
} as const;
const states = {
  starting: StateNumber.STATE_STARTING,
  running: StateNumber.STATE_RUNNING,
  degraded: StateNumber.STATE_DEGRADED,
  stopping: StateNumber.STATE_STOPPING,
} as const;

/**
 * Serves the unit on the port of `--port N` at 127.0.0.1. Beside its own services it has upstream's CoreService, gRPC's health and reflection, and
 * hsu.unit.v1. It ends on SIGTERM, on SIGINT, and when the master asks for it: health says NOT_SERVING, open calls get `graceMillis`,
 * `onShutdown` is called, the process exits with 0.
 *
 * @since 0.1.0
 */
export const serveUnit = async (options: UnitOptions): Promise<ServedUnit> => {
  const asked = portIn(options.argv ?? process.argv.slice(2)) ?? options.port ?? 50_051;
  if (process.env["GRPC_VERBOSITY"] === undefined) setLogVerbosity(logVerbosity.NONE);
  const server = createServer();
  const closing = new AbortController();
  const own = [CoreServiceDefinition, HealthDefinition, UnitServiceDefinition, Reflection.V1].map(({ fullName }) => fullName);
  const known = new Set(["", ...own, ...options.services.map(({ description }) => description.typeName)]);

  server.add(CoreServiceDefinition, { ping: async () => ({}) });
  server.add(HealthDefinition, healthOf(known, closing.signal));
  server.add(
    UnitServiceDefinition,
    contractOf(options, (why) => end(why), closing.signal),
  );
  const reflection = Reflection.make(
    options.services.map(({ description }) => description),
    own,
  );
  server.add(Reflection.V1, reflection);
  server.add(Reflection.V1Alpha, reflection);
  for (const { definition, implementation } of options.services) server.add(definition, implementation as never);
  const port = await server.listen(`127.0.0.1:${asked}`);

  const finished = Promise.withResolvers<void>();
  const end = (why: string): void => {
    if (closing.signal.aborted) return;
    closing.abort();
    void finish(why).then(finished.resolve, finished.reject);
  };
  const finish = async (why: string): Promise<void> => {
    const forced = setTimeout(() => server.forceShutdown(), options.graceMillis ?? 5000);
    await server.shutdown();
    clearTimeout(forced);
    process.off("SIGTERM", end);
    process.off("SIGINT", end);
    await options.onShutdown?.(why);
    (options.exit ?? process.exit)(0);
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  return { port, shutdown: (why = "asked to end") => end(why), ended: finished.promise };
};

const healthOf = (known: ReadonlySet<string>, closing: AbortSignal) => ({
  check: async ({ service }: HealthCheckRequest) => {
    if (!known.has(service)) throw new ServerError(Status.NOT_FOUND, `no service ${JSON.stringify(service)}`);
    return { status: closing.aborted ? Serving.NOT_SERVING : Serving.SERVING };
  },
  watch: async function* ({ service }: HealthCheckRequest, call: { readonly signal: AbortSignal }) {
    const over = AbortSignal.any([call.signal, closing]);
    if (!known.has(service)) yield { status: Serving.SERVICE_UNKNOWN };
    else if (!closing.aborted) yield { status: Serving.SERVING };
    if (!over.aborted) await new Promise((done) => over.addEventListener("abort", done, { once: true }));
    if (known.has(service) && closing.aborted) yield { status: Serving.NOT_SERVING };
  },
});

const contractOf = (
  options: UnitOptions,
  end: (why: string) => void,
  closing: AbortSignal,
): ServiceImplementation<typeof UnitServiceDefinition> => {
  let level = options.logLevel ?? "info";
  const without = (what: string): ServerError => new ServerError(Status.UNIMPLEMENTED, `this unit has no ${what}`);
  return {
    getStatus: async () => {
      const { message = "", state = "running" } = options.status?.() ?? {};
      return { state: states[closing.aborted ? "stopping" : state], message, version: options.version ?? "", logLevel: levels[level] };
    },
    shutdown: async ({ reason }) => {
      // Its answer goes out first: closing waits for open calls, and this is one.
      queueMicrotask(() => end(reason || "asked to end"));
      return {};
    },
    setLogLevel: async ({ level: number }) => {
      const { onLogLevel } = options;
      if (onLogLevel === undefined) throw without("log level");
      const wanted = (Object.keys(levels) as Array<LogLevelName>).find((name) => levels[name] === number);
      if (wanted === undefined) throw new ServerError(Status.INVALID_ARGUMENT, "level is one of DEBUG, INFO, WARN, ERROR");
      const previous = levels[level];
      onLogLevel(wanted);
      level = wanted;
      return { previous };
    },
    getMetrics: async () => {
      if (options.metrics === undefined) throw without("metrics");
      return {
        metrics: options.metrics().map(({ help = "", kind, labels = {}, name, value }) => ({
          name,
          kind: kind === "counter" ? KindNumber.KIND_COUNTER : KindNumber.KIND_GAUGE,
          value,
          labels: { ...labels },
          help,
        })),
      };
    },
    updateConfiguration: async ({ settings }) => {
      const { onSetting } = options;
      if (onSetting === undefined) throw without("settings");
      const applied: Array<string> = [];
      const refused: Record<string, string> = {};
      for (const [name, value] of Object.entries(settings)) {
        try {
          await onSetting(name, value);
          applied.push(name);
        } catch (cause) {
          refused[name] = cause instanceof Error ? cause.message : String(cause);
        }
      }
      return { applied, refused };
    },
  };
};
