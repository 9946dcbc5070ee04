import { readFileSync } from "node:fs";
import * as Result from "effect/Result";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";
import { unitsOf } from "../../src/unit/UnitSpec.ts";
import { findings, yaml } from "./support.ts";

const specs = (text: string) => unitsOf(Result.getOrThrow(parse(text, "/etc/hsu/hsu.yaml")).spec.root);
const nested = (discovery: string, control = "{}"): string =>
  `managed_processes:\n  - id: pg\n    type: unmanaged\n    management:\n      unmanaged:\n        discovery: ${discovery}\n        control: ${control}\n`;

describe("unmanaged units", () => {
  it("load in the nested and in the flat dialect, with the same keys", () => {
    const discovery = "{ method: port, port: 5432, protocol: tcp, process_name: postgres, check_interval: 5s }";
    const control =
      "{ can_terminate: true, can_restart: true, service_manager: systemd, service_name: postgresql, allowed_signals: [HUP, SIGTERM, 10], graceful_timeout: 20s }";
    const [one] = specs(nested(discovery, control));
    expect(one).toMatchObject({
      kind: "unmanaged",
      enabled: true,
      stopTimeoutMillis: 20_000,
      unmanaged: {
        discovery: { method: "port", port: 5432, protocol: "tcp", name: "postgres" },
        checkIntervalMillis: 5_000,
        canTerminate: true,
        canRestart: true,
        restartService: "postgresql",
        allowedSignals: ["SIGHUP", "SIGTERM", "SIGUSR1"],
      },
    });
    const flat = `managed_processes:\n  - id: pg\n    type: unmanaged\n    management:\n      discovery: ${discovery}\n      control: ${control}\n`;
    expect(specs(flat)).toStrictEqual([one]);
    expect(findings(flat)).toBe("\n\n");
  });

  it("allow nothing that they do not say, and look every 30 s", () => {
    expect(specs(nested("{ method: pid-file, pid_file: /run/pg.pid }"))[0]).toMatchObject({
      stopTimeoutMillis: 30_000,
      unmanaged: { checkIntervalMillis: 30_000, canTerminate: false, canRestart: false, allowedSignals: [] },
    });
  });

  it("without a method are found by what is given; without discovery by the PID file where the seeds expect it", () => {
    const methodOf = (discovery: string) => specs(nested(discovery))[0]!.unmanaged!.discovery;
    expect(methodOf("{ process_name: postgres, port: 5432 }").method).toBe("port");
    expect(methodOf("{ process_name: postgres, process_args: [-D, x] }")).toStrictEqual({
      method: "process-name",
      name: "postgres",
      args: ["-D", "x"],
    });
    expect(specs("managed_processes:\n- {id: pg, type: unmanaged, management: {}}\n")[0]!.unmanaged!.discovery).toStrictEqual({
      method: "pid-file",
      pidFile: "/run/hsu-process-manager/pg.pid",
    });
  });

  it("HSU-CFG-006: a method without its key, and nothing to look by", () => {
    expect(findings(nested("{ method: service-name, port: 1 }"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:30: error HSU-CFG-006: "discovery" by "service-name" lacks the key "service_name"
        6 |         discovery: { method: service-name, port: 1 }
          |                              ^^^^^^^^^^^^

      1 error
      "
    `);
    expect(findings(nested("{ check_interval: 1s }"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:9: error HSU-CFG-006: "discovery" does not say by what the process is found
        6 |         discovery: { check_interval: 1s }
          |         ^^^^^^^^^
          = expected one of pid_file, port, service_name, process_name

      1 error
      "
    `);
  });

  it("HSU-CFG-014: a PID file that is not absolute, signals that are none, a check that would be a poll", () => {
    expect(findings(nested("{ pid_file: run/pg.pid, check_interval: 5ms }", "{ allowed_signals: [HUP, SIGFOO, 99, true] }")))
      .toMatchInlineSnapshot(`
        "
        hsu.yaml:6:32: error HSU-CFG-014: "pid_file" cannot be the text "run/pg.pid"
          6 |         discovery: { pid_file: run/pg.pid, check_interval: 5ms }
            |                                ^^^^^^^^^^
            = expected an absolute path: one that begins with /

        hsu.yaml:6:60: error HSU-CFG-014: "check_interval" cannot be the text "5ms"
          6 |         discovery: { pid_file: run/pg.pid, check_interval: 5ms }
            |                                                            ^^^
            = expected a duration of 100ms or more

        hsu.yaml:7:43: error HSU-CFG-014: an entry of "allowed_signals" cannot be the text "SIGFOO"
          7 |         control: { allowed_signals: [HUP, SIGFOO, 99, true] }
            |                                           ^^^^^^
            = expected a signal: TERM, SIGTERM or 15
            = did you mean "SIGFPE"?

        hsu.yaml:7:51: error HSU-CFG-014: an entry of "allowed_signals" cannot be the number 99
          7 |         control: { allowed_signals: [HUP, SIGFOO, 99, true] }
            |                                                   ^^
            = expected a signal: TERM, SIGTERM or 15

        hsu.yaml:7:55: error HSU-CFG-007: an entry of "allowed_signals" cannot be true
          7 |         control: { allowed_signals: [HUP, SIGFOO, 99, true] }
            |                                                       ^^^^
            = expected a signal: TERM, SIGTERM or 15

        5 errors
        "
      `);
  });

  it("HSU-CFG-101: what only who starts it can use, and a restart that nobody can do", () => {
    expect(
      findings(
        yaml`
          managed_processes:
            - id: pg
              type: unmanaged
              management:
                control: { executable: postgres, can_restart: true, shutdown_timeout: 5s }
                restart_policy: always
        `,
      ),
    ).toMatchInlineSnapshot(`
      "
      hsu.yaml:5:18: warning HSU-CFG-101: unit "pg": "executable" is accepted and not in effect: somebody else starts an unmanaged unit
        5 |       control: { executable: postgres, can_restart: true, shutdown_timeout: 5s }
          |                  ^^^^^^^^^^

      hsu.yaml:5:40: warning HSU-CFG-101: unit "pg": "can_restart" is not in effect without "service_manager: systemd" and a "service_name"
        5 |       control: { executable: postgres, can_restart: true, shutdown_timeout: 5s }
          |                                        ^^^^^^^^^^^

      hsu.yaml:6:7: warning HSU-CFG-101: unit "pg": "restart_policy" is accepted and not in effect: somebody else starts an unmanaged unit
        6 |       restart_policy: always
          |       ^^^^^^^^^^^^^^

      3 warnings
      "
    `);
  });

  it("of the seeds load", () => {
    // The shapes of the seeds' example of all kinds.
    const text = readFileSync("test/config/fixtures/process-types.yaml", "utf8");
    const { spec, warnings } = Result.getOrThrow(parse(text, "process-types.yaml"));
    expect(unitsOf(spec.root).map(({ id, kind }) => `${id} ${kind}`)).toEqual([
      "web-server managed",
      "system-daemon unmanaged",
      "grpc-service integrated",
    ]);
    expect(warnings.map(({ code }) => code)).toContain("HSU-CFG-101");
  });
});
