import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { imported } from "./support.ts";

const fixtures = join(dirname(fileURLToPath(import.meta.url)), "../fixtures/import");
const text = readFileSync(join(fixtures, "supervisord/supervisord.conf"), "utf8");

describe("a supervisord.conf", () => {
  const { told, units, warnings, wrong } = imported("supervisord", { "supervisord.conf": text });

  it("is a config that can be run, with a finding for each key that is not in it", () => {
    expect(wrong).toBe("");
    expect(warnings).toStrictEqual([]);
    expect(told).toMatchInlineSnapshot(`
      [
        "2:1 101 [unix_http_server] has no counterpart: file, chmod",
        "7:1 101 [supervisord] logfile has no counterpart",
        "8:1 101 [supervisord] nodaemon has no counterpart",
        "11:1 101 [rpcinterface:supervisor] has no counterpart: supervisor.rpcinterface_factory",
        "14:1 101 [supervisorctl] has no counterpart: serverurl",
        "23:1 101 program:postgres: user has no counterpart",
        "24:1 102 stdout and stderr are kept each by itself: \`hsu logs\` shows them in the order of their lines",
        "43:1 101 program:web: umask has no counterpart",
        "48:1 102 its processes are called celery-0 to celery-1",
        "59:1 103 eventlistener:memmon is left out",
        "64:1 101 no file is called conf.d/*.conf: nothing is included",
      ]
    `);
  });

  it("has its programs: what is run, when again, and how it ends", () => {
    expect(units["postgres"]).toMatchObject({
      executable: "/usr/lib/postgresql/16/bin/postgres",
      args: ["-D", "/var/lib/my data"],
      stopSignal: "SIGINT",
      stopTimeoutMillis: 60_000,
      restart: { when: "always", maxAttempts: 3, resetAfterMillis: 1_000 },
      logs: { stdout: { path: "/var/log/postgres.log", rotation: { maxBytes: 50 * 2 ** 20, maxFiles: 5 } } },
      environment: { LANG: "C.UTF-8", PATH: ":/opt/app/bin" },
    });
    expect(units["web_01"]).toMatchObject({
      args: ["--port=8001", "--name", "web"],
      workingDirectory: "/srv/app",
      environment: { KEY: "a, b", OTHER: "c", DOLLAR: "${HOME}" },
      restart: { when: "on_failure", maxAttempts: 10, successExits: [0, 2], resetAfterMillis: 5_000 },
      capture: { stdout: true, stderr: false },
    });
    expect(units["celery-1"]).toMatchObject({ enabled: false, args: ["-A", "proj", "worker", "-n", "worker1@%h"], instanceOf: "celery" });
    expect(units["mail"]).toMatchObject({ executable: "/srv/mail" });
  });

  it("starts by priority, a group by its own", () => {
    expect(["postgres", "celery-0", "mail", "web_00"].map((id) => units[id]!.after)).toStrictEqual([
      undefined,
      ["postgres"],
      ["postgres"],
      ["celery-0", "celery-1", "mail"],
    ]);
  });

  it.each([
    ["no command", "[program:a]\nautostart=true\n", "1:1 103 program:a is left out: it has no command"],
    ["an open quote", "[program:a]\ncommand=x 'y\n", "2:1 103 program:a is left out: its command has a quote that is not closed"],
    ["an unknown placeholder", "[program:a]\ncommand=x %(nobody)s\n", "2:1 102 %(nobody)s is not known: it stays as it is"],
    ["a line of nothing", "[program:a]\ncommand=x\nfoo\n", "3:1 001 neither [section] nor key=value"],
    ["what comes before", "command=x\n", "1:1 001 a line before the first [section]"],
    ["no signal", "[program:a]\ncommand=x\nstopsignal=FOO\n", '3:1 101 "FOO" is no signal here'],
    ["one log of two", "[program:a]\ncommand=x\nnumprocs=2\nstdout_logfile=/x.log\n", "4:1 101 /x.log would be the log of several outputs"],
    ["an unknown key", "[program:a]\ncommand=x\ncolour=red\n", "3:1 101 program:a: colour has no counterpart"],
  ])("%s is told", (_, config, expected) => {
    expect(imported("supervisord", { "a.conf": config }).told).toStrictEqual([expected]);
  });
});

it("what is included is read with it, and has its groups", () => {
  const { told, units, wrong } = imported(
    "supervisord",
    {
      "supervisord.conf":
        "[include]\nfiles = conf.d/*.conf %(here)s/own.ini none/*.ini\n[group:all]\nprograms=a,b\n[program:a]\ncommand=sleep 1\n",
    },
    {
      "conf.d/b.conf": "[program:b]\ncommand=sleep 2\ncolour=red\n",
      "conf.d/c.txt": "[program:c]\ncommand=sleep 3\n",
      "own.ini": "[program:own]\ncommand=sleep 4\n[include]\nfiles=conf.d/c.txt\n",
    },
  );
  expect(wrong).toBe("");
  expect(Object.keys(units).sort()).toEqual(["a", "b", "own"]);
  expect(told).toEqual([
    "3:1 101 program:b: colour has no counterpart",
    "3:1 101 a file that is included includes nothing itself",
    "2:1 101 no file is called none/*.ini: nothing is included",
  ]);
});
