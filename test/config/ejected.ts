/** What is ejected in tests: every example and every file of another dialect, and one with all that they do not have. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as Result from "effect/Result";
import { eject } from "../../src/config/code/Eject.ts";
import { parse } from "../../src/config/index.ts";
import { yaml } from "./support.ts";

export const root = resolve(import.meta.dirname, "../..");
const filesIn = (folder: string): ReadonlyArray<readonly [name: string, text: string]> =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml") && !name.includes("import"))
    .map((name) => [`${folder}/${name}`, readFileSync(join(root, folder, name), "utf8")]);

const odd = yaml`
  process_manager:
    http: { port: 9000, tls: { certificate: a.pem, key: b.pem } }
    registry: { unix: r.sock }
    resources: { interval: 5s, controllers: [] }
    strategy: rest_for_one
    intensity: 3
    when_exceeded: open_circuit
  secrets: { identity_file: age.key }
  managed_processes:
    - id: new
      requires: [mod]
      management:
        log_collection:
          outputs:
            forwarding:
              - type: loki
                authentication: { token: { age: YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSB4 } }
                config: { headers: { X-Key: { age_file: key.age }, X-Other: { env: OTHER }, X-Plain: a } }
        control:
          executable: /usr/bin/x
          working_directory: /
          environment: { __proto__: a, fooMillis: "5", "a-b": c, KEY: { file: secrets/key }, OTHER: { env: X } }
          start: notify
          watchdog: 5s
          listen: [{ tcp: "127.0.0.1:80" }, { unix: run/x.sock, mode: "600", name: y, backlog: 7 }, { unix: "@abstract" }]
          on_demand: { idle_timeout: 1m }
        probes:
          startup: { exec: { command: ./ok }, interval: 1m }
          liveness: { grpc: { port: 1, tls: { ca_file: ca.pem } }, jitter: 0 }
          readiness: { http: { port: 8080, path: /x, status: 200-399 } }
        restart_policy: { strategy: on_failure, success_exit_codes: [0, TERM], circuit_breaker: true, restart_delay: 5m }
    - id: 0-nightly
      management:
        control: { executable: ./n, schedule: { cron: "0 3 * * *", timezone: UTC, overlap: queue }, run_timeout: 1h }
    - id: nightly
      enabled: false
      management: { control: { executable: n, schedule: { every: 5m, jitter: 10s, catch_up: true } } }
    - id: once
      management: { control: { executable: n, start: oneshot } }
    - id: many
      count: 2
      after: [once]
      management: { control: { executable: n, arguments: ["{index}"] }, logging: { capture_stdout: false } }
    - id: group
      strategy: one_for_all
      children:
        - id: mod
          type: module
          management: { control: { module: ./mod.mjs, config: { aMillis: 5, deep: [1, { x: null }] }, worker: true } }
        - id: inner
          intensity: 1
          period: 1h
          children:
            - id: watched
              type: unmanaged
              management: { discovery: { port: 80 } }
            - id: call
              type: integrated_managed
              management: { control: { executable: y, on_call: { idle_timeout: 1s } } }
`;

/** Files of every dialect, by their names. */
export const cases = [...filesIn("examples"), ...filesIn("test/config/fixtures"), ["odd.yaml", odd] as const];

/** Each as code, in a file beside it. */
export const codes = (): ReadonlyArray<readonly [name: string, code: string]> =>
  cases.map(([name, text]) => {
    const file = join(root, name);
    return [name, eject(Result.getOrThrow(parse(text, file, {})).spec, file.replace(/yaml$/, "ts"), name)];
  });
