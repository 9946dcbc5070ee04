/** Trees made in code, of all that units and groups can be. */
import * as fc from "fast-check";
import { define, type UnitOptions } from "../../src/config/code/Define.ts";
import { anyOversight } from "./anyOversight.ts";
import { Limits } from "../../src/resources/index.ts";
import type { MasterSpec, UnitSpec } from "../../src/unit/UnitSpec.ts";

/** Where they are, and what is read of them. */
export const file = "/srv/app/hsu.yaml";
const { group, master, unit } = define(file);

const maybe = <A>(value: fc.Arbitrary<A>) => fc.option(value, { nil: undefined });
/** Without what is undefined: keys that are not there. */
const fields = <A extends Record<string, fc.Arbitrary<unknown>>>(of: A) =>
  fc.record(of).map((made) => Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined))) as fc.Arbitrary<never>;

const time = fc.integer({ min: 1, max: 20 * 86_400_000 });
/** Texts that YAML, HSU or a shell would have ideas about. */
const text = fc
  .oneof(
    fc.string({ unit: "grapheme", maxLength: 12 }),
    fc.constantFrom(
      "1.10",
      "yes",
      "null",
      "~",
      "${HOME}",
      "$${A}",
      "$",
      "{index}",
      "a: b",
      "- x",
      "#",
      " a ",
      "'",
      '"',
      "\n",
      "a\nb\n",
      "\t",
      "*a",
      "&a",
      "!x",
      "%x",
      "@x",
      "`",
      "0x1F",
      "1e3",
      "<<",
      "ÿ",
      "\u2028",
      "\ufeff",
    ),
  )
  .filter((each) => !each.includes("\0"));
const name = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/);
const path = fc.oneof(name, fc.constantFrom("a b", "ü", "x.y")).map((each) => `/srv/${each}`);
const port = fc.integer({ min: 1, max: 65_535 });
/** No two of one file. */
const portFrom = (first: number) => fc.integer({ min: first, max: first + 9_999 });
const signal = fc.constantFrom("SIGTERM" as const, "SIGINT" as const, "SIGUSR1" as const);
const variables = fc.dictionary(fc.constantFrom("A", "B_1", "a-b", "__proto__", "constructor", "env", "<<", "1"), text, { maxKeys: 4 });
const secrets = fc.dictionary(
  fc.constantFrom("S1", "S2"),
  fc.oneof(fields({ file: path }), fields({ env: name }), fields({ ageFile: path })),
  { minKeys: 1 },
);

const ids = ["web", "db", "a_1", "B-2"];

const breaker = fields({ failures: fc.integer({ min: 1, max: 9 }), windowMillis: time, cooldownMillis: time, stableMillis: time });
const retries = fields({ maxAttempts: maybe(fc.nat(9)), delayMillis: maybe(time), multiplier: maybe(fc.constantFrom(0.5, 1, 2.5)) });
const plainRestart = fields({
  when: fc.constantFrom("always", "unless_stopped", "on_failure", "never"),
  maxAttempts: maybe(fc.integer({ min: 1, max: 99 })),
  delayMillis: maybe(time),
  multiplier: maybe(fc.constantFrom(1, 1.5, 1000)),
  maxDelayMillis: maybe(time),
  resetAfterMillis: maybe(time),
  jitter: maybe(fc.constantFrom(0, 0.25, 1)),
  successExits: maybe(fc.array(fc.oneof(fc.nat(255), signal), { maxLength: 3 })),
  breaker: maybe(breaker),
});
/** Of a unit that has words for each kind of failure: then there is a limit, unless it is never tried again. */
const restartIn = fc
  .record({
    base: plainRestart,
    most: fc.integer({ min: 1, max: 99 }),
    contexts: fields({ health: retries, resources: retries }),
    factor: fc.constantFrom(0.5, 3),
  })
  .map(
    ({ base, contexts, factor, most }) =>
      ({
        maxAttempts: most,
        ...(base as object),
        contexts,
        factors: { warning: factor, critical: 1, emergency: 2, profile: factor },
      }) as never,
  );

const timing = {
  interval: fc.integer({ min: 200, max: 86_400_000 }),
  initialDelayMillis: fc.oneof(fc.constant(0), time),
  failureThreshold: fc.integer({ min: 1, max: 9 }),
  successThreshold: fc.integer({ min: 1, max: 9 }),
};
const headers = fc.dictionary(fc.constantFrom("X-A", "Accept"), fc.constantFrom("b", "1.0", "${x}"));
const url = fc.constantFrom("http://127.0.0.1:80/health", "https://localhost/?a=${x}");
const http = fields({
  kind: fc.constant("http"),
  url,
  method: fc.constantFrom("GET", "HEAD"),
  headers,
  status: fc.constantFrom(
    [[200, 299]],
    [
      [204, 204],
      [300, 399],
    ],
  ),
  body: maybe(fc.constantFrom("ok", "1")),
  insecureSkipVerify: maybe(fc.boolean()),
  caFile: maybe(path),
});
const tcp = fields({ kind: fc.constant("tcp"), address: fc.constantFrom("127.0.0.1", "::1", "localhost"), port });
const exec = fields({ kind: fc.constant("exec"), command: fc.oneof(name, path), args: fc.array(text, { maxLength: 3 }) });
const grpc = fields({
  kind: fc.constant("grpc"),
  address: fc.constantFrom("127.0.0.1", "::1"),
  port: port,
  method: fc.constantFrom("check", "watch"),
  service: fc.constantFrom("", "a.B"),
  headers,
  tls: maybe(fields({ serverName: maybe(name), caFile: maybe(path) })),
});
const timed = (check: fc.Arbitrary<never>, jitter: fc.Arbitrary<number>) =>
  fc
    .record({ check, ...timing, part: fc.integer({ min: 2, max: 9 }), jitter })
    .map(({ interval, part, ...rest }) => ({ ...rest, intervalMillis: interval, timeoutMillis: Math.floor(interval / part) }) as never);
const probe = timed(fc.oneof(http, tcp, exec, grpc, fields({ kind: fc.constant("process") })), fc.constantFrom(0, 0.1, 1));
/** What asks for both: in the words of the other dialects. */
const plainHttp = fields({ kind: fc.constant("http"), url, method: fc.constantFrom("GET", "POST"), headers });
const ping = fields({
  kind: fc.constant("grpc"),
  address: fc.constantFrom("127.0.0.1", "::1"),
  port,
  method: fc.constantFrom("check", "watch", "ping"),
  service: fc.constantFrom("", "a.B"),
  headers,
});
const both = timed(fc.oneof(plainHttp, tcp, exec, ping), fc.constant(0.1));
const probes = fc.oneof(
  fields({ startup: maybe(probe), readiness: maybe(probe), liveness: probe }),
  fields({ startup: maybe(probe), liveness: both, livenessIsReadiness: fc.constant(true) }),
);

/** Limits of one block share what is done about them. */
const limitBlock = (prefix: string) =>
  fc
    .record({
      names: fc.subarray(
        Limits.limitNames.filter((each) => each.startsWith(prefix)),
        { minLength: 1 },
      ),
      bound: fc.integer({ min: 1, max: 1_000_000 }),
      policy: fc.constantFrom(...Limits.policies),
      warningPercent: maybe(fc.constantFrom(80, 99.5)),
    })
    .map(({ bound, names, policy, warningPercent }) =>
      names.map((each) => ({ name: each, bound, policy, ...(warningPercent === undefined ? {} : { warningPercent }) })),
    );
const limits = fc
  .record({
    blocks: fc.tuple(...["memory.", "cpu.", "io.", "process."].map((prefix) => fc.oneof(limitBlock(prefix), fc.constant([])))),
    more: fields({
      priority: maybe(fc.integer({ min: -20, max: 19 })),
      cpuShares: maybe(fc.nat(9999)),
      ioWeight: maybe(fc.nat(999)),
      monitoring: maybe(
        fields({ enabled: fc.boolean(), intervalMillis: maybe(fc.integer({ min: 100, max: 9999 })), retentionMillis: maybe(time) }),
      ),
    }),
  })
  .map(({ blocks, more }) => ({ ...(more as object), limits: blocks.flat() }) as never);
const patience = fields({ graceMillis: fc.integer({ min: 1, max: 99_999 }), sustainedMillis: fc.nat(99_999), spikeMillis: fc.nat(99_999) });

const rotation = fields({
  maxBytes: fc.integer({ min: 1024, max: 1e9 }),
  maxFiles: fc.nat(99),
  compress: fc.boolean(),
  maxAgeMillis: time,
  everyMillis: time,
});
const format = fc.constantFrom("raw", "plain", "enhanced_plain", "json", "structured_json");
const prefix = fc.constantFrom("> ", "[x]", "${x}");
const logFile = fields({ format, prefix, rotation });
const logs = (id: string) =>
  fc
    .record({
      stdout: logFile,
      stderr: logFile,
      at: fc.constantFrom("", "stdout", "stderr", "both"),
      more: fields({
        backlog: fields({ maxBytes: fc.integer({ min: 1_000_000, max: 1e9 }), whenFull: fc.constantFrom("drop", "block") }),
        filters: maybe(
          fields({
            include: fc.array(fc.constantFrom("^a", "\\d+"), { minLength: 1, maxLength: 2 }),
            exclude: fc.constant([]),
            level: maybe(fc.constantFrom("info", "error")),
          }),
        ),
        parse: maybe(fc.constant(true)),
        withSequence: fc.constant(true),
      }),
    })
    .map(({ at, more, stderr, stdout }) => {
      const placed = (stream: "stdout" | "stderr", of: object): object =>
        at === stream || at === "both" ? { ...of, path: `/var/log/${id}.${stream}` } : of;
      // Where they have no place of their own, both are kept alike.
      return { ...(more as object), stdout: placed("stdout", stdout), stderr: placed("stderr", at === "" ? stdout : stderr) } as never;
    });

const schedule = fields({
  at: fc.oneof(
    fields({ everyMillis: fc.integer({ min: 1000, max: 1e9 }) }),
    fields({ cron: fc.constantFrom("0 3 * * *", "*/5 * * * * *", "@daily"), timezone: maybe(fc.constantFrom("UTC", "Europe/Berlin")) }),
  ),
  jitterMillis: fc.nat(9999),
  overlap: fc.constantFrom("skip", "queue", "replace"),
  catchUp: fc.boolean(),
});
/** Each in a place of its own. */
const sockets = (id: string) =>
  fc
    .array(
      fields({
        host: fc.constantFrom("::", "127.0.0.1", "::1", "unix", "@"),
        mode: fc.constantFrom(0o660, 0o600, 0o777),
        name: maybe(fc.constantFrom("a", "b-c")),
        backlog: maybe(fc.integer({ min: 1, max: 9999 })),
      }),
      { minLength: 1, maxLength: 3 },
    )
    .map((made) =>
      (made as ReadonlyArray<{ readonly host: string; readonly mode: number }>).map(({ host, mode, ...rest }, index) => ({
        ...rest,
        address:
          host === "unix" || host === "@"
            ? { _tag: "Unix", path: `${host === "@" ? "@" : "/run/"}${id}${index}`, mode }
            : { _tag: "Tcp", host, port: 1_000 * (1 + ids.indexOf(id)) + index },
      })),
    );

const common = {
  enabled: maybe(fc.boolean()),
  description: maybe(text),
  stopTimeoutMillis: maybe(time),
  startTimeoutMillis: maybe(time),
};
const running = {
  ...common,
  executable: fc.oneof(name, path),
  args: maybe(fc.array(text, { maxLength: 4 })),
  workingDirectory: maybe(path),
  environment: maybe(variables),
  secrets: maybe(secrets),
  stopSignal: maybe(signal),
  reloadSignal: maybe(signal),
  runTimeoutMillis: maybe(time),
  capture: maybe(fc.record({ stdout: fc.boolean(), stderr: fc.boolean() })),
  probes: maybe(probes),
};
const usual = { limits: maybe(limits), restart: maybe(plainRestart) };
const ofCode = (id: string): fc.Arbitrary<UnitOptions> =>
  fc
    .oneof(
      fields({ ...running, ...usual, logs: maybe(logs(id)) }),
      fields({
        ...running,
        limits: fc.record({ limits, patience }).map((made) => ({ ...(made.limits as object), ...(made.patience as object) })),
        restart: restartIn,
      }),
      fields({ ...running, ...usual, start: fc.constant("notify"), watchdogMillis: maybe(time) }),
      fields({
        ...running,
        ...usual,
        start: fc.constant("oneshot"),
        runTimeoutMillis: fc.constant(undefined),
        probes: fc.constant(undefined),
        restart: fc.constant({ when: "on_failure" }),
      }),
      fields({ ...running, restart: fc.constantFrom(undefined, { when: "never" }), schedule }),
      fields({
        ...running,
        restart: fc.constantFrom(undefined, { when: "never" }),
        listen: sockets(id),
        onDemand: maybe(fields({ idleMillis: maybe(time) })),
      }),
      fields({
        ...running,
        restart: fc.constantFrom(undefined, { when: "never" }),
        kind: fc.constant("integrated"),
        onCall: maybe(fields({ idleMillis: maybe(time) })),
      }),
      fields({
        ...common,
        restart: maybe(plainRestart),
        module: fields({ path, export: maybe(name), config: maybe(fc.jsonValue()), worker: maybe(fc.boolean()) }),
      }),
      fields({
        enabled: maybe(fc.boolean()),
        stopTimeoutMillis: maybe(time),
        unmanaged: fields({
          discovery: fc.oneof(
            fields({ method: fc.constant("port"), port, protocol: maybe(fc.constantFrom("tcp", "udp")) }),
            fields({ method: fc.constant("process-name"), name, args: maybe(fc.array(name)) }),
            fields({ method: fc.constant("pid-file"), pidFile: path }),
          ),
          checkIntervalMillis: maybe(fc.integer({ min: 100, max: 99_999 })),
          canTerminate: maybe(fc.boolean()),
          allowedSignals: maybe(fc.array(signal, { maxLength: 2 })),
        }),
      }),
    )
    .map((fields): UnitOptions => {
      const made: UnitOptions = { ...(fields as object), id };
      const { limits: of, probes: asked, restart } = made;
      // Both come from one key of the file.
      if (restart?.contexts === undefined || asked?.liveness === undefined) return made;
      return { ...made, probes: { ...asked, liveness: { ...asked.liveness, graceMillis: of?.graceMillis ?? 0 } } };
    });

const limit = maybe(
  fields({
    intensity: fc.nat(9),
    periodMillis: maybe(time),
    breaker: maybe(fields({ cooldownMillis: maybe(time), stableMillis: maybe(time) })),
  }),
);
const oversight = anyOversight({ fields, maybe, path, time });
const strategy = maybe(fc.constantFrom("one_for_one", "one_for_all", "rest_for_one"));
export const anyTree = fc
  .record({
    units: fc.tuple(...ids.map(ofCode)),
    limit,
    strategy,
    isNested: fc.boolean(),
    waits: fc.boolean(),
    own: fields({
      logLevel: maybe(fc.constantFrom("debug", "warn")),
      port: maybe(portFrom(10_000)),
      forceShutdownTimeoutMillis: maybe(time),
      http: maybe(
        fields({
          address: fc.constantFrom("127.0.0.1", "localhost"),
          port: portFrom(20_000),
          tls: maybe(fields({ certificate: path, key: path, clientCa: maybe(path) })),
        }),
      ),
      rpc: maybe(
        fields({
          address: fc.constantFrom("127.0.0.1", "::1"),
          port: portFrom(30_000),
          tls: maybe(fields({ cert: path, key: path, ca: maybe(path) })),
          clients: fc.constant([]),
        }),
      ),
      watch: maybe(fc.constant(true)),
      peers: maybe(
        fc.constant([
          { name: "east", address: "tcp://127.0.0.1:9" },
          { name: "west", address: "tls://west:50057", ca: "/srv/ca", cert: "/srv/cert", key: "/srv/key", heartbeatMillis: 500 },
          { name: "north", address: "tls://north:50057", ca: "/srv/ca", tokenFile: "/srv/token" },
        ]),
      ),
      ...oversight,
      registry: maybe(fields({ unix: path, port: maybe(portFrom(40_000)) })),
      strategy,
      limit,
    }),
    sampling: maybe(
      fields({
        sampling: fields({ intervalMillis: maybe(fc.integer({ min: 100, max: 9999 })), retentionMillis: maybe(time) }),
        overcommitPercent: maybe(fc.nat(1000)),
        controllers: maybe(fc.constantFrom([], ["cpu", "memory"])),
      }),
    ),
  })
  .map(({ isNested, limit: of, own, sampling, strategy: how, units, waits }): MasterSpec => {
    const [web, db, ...rest] = units.map((options) => unit(options)) as unknown as [UnitSpec, UnitSpec, ...ReadonlyArray<UnitSpec>];
    const first: UnitSpec = waits ? { ...web, after: ["db"], requires: ["a_1"] } : web;
    const inside = isNested
      ? [
          first,
          group({
            id: "g",
            ...(of === undefined ? {} : { limit: of }),
            ...(how === undefined ? {} : { strategy: how }),
            children: [group({ id: "inner", children: [db] })],
          }),
          ...rest,
        ]
      : [first, db, ...rest];
    return master({ ...(own as object), ...(sampling as object | undefined), children: inside });
  });
