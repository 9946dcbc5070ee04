import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { Recovered } from "../../src/unit/index.ts";
import { controlled as file, findings, specOf } from "./support.ts";

const addressesOf = (list: string) => specOf(file(`listen: ${list}`)).listen!.map(({ address }) => address);

describe("sockets that the master holds", () => {
  it("addresses, paths, modes, names and backlogs", () => {
    expect(addressesOf(`[{ tcp: 8080 }, { tcp: "0.0.0.0:80" }, { tcp: 127.0.0.1:81 }, { tcp: "[::1]:82" }]`)).toEqual([
      { _tag: "Tcp", host: "::", port: 8080 },
      { _tag: "Tcp", host: "0.0.0.0", port: 80 },
      { _tag: "Tcp", host: "127.0.0.1", port: 81 },
      { _tag: "Tcp", host: "::1", port: 82 },
    ]);
    expect(
      addressesOf(`[{ unix: run/a.sock }, { unix: /b.sock, mode: 0600 }, { unix: /c.sock, mode: "0o666" }, { unix: "@d", mode: 0o640 }]`),
    ).toEqual([
      { _tag: "Unix", path: join(resolve("."), "run/a.sock"), mode: 0o660 },
      { _tag: "Unix", path: "/b.sock", mode: 0o600 },
      { _tag: "Unix", path: "/c.sock", mode: 0o666 },
      { _tag: "Unix", path: "@d", mode: 0o640 },
    ]);
    expect(specOf(file("listen: [{ tcp: 1, name: http, backlog: 7 }, { tcp: 2 }]")).listen).toMatchObject([
      { name: "http", backlog: 7 },
      { name: "web", backlog: 4096 },
    ]);
  });

  it("instances share an address, other units do not; a connection to it starts none of them", () => {
    const twice = file("listen: [{ tcp: 1 }]").replace("- id: web", "- id: web\n  count: 2");
    expect(specOf(twice)).toMatchObject({ id: "web-0", listen: [{ shared: true, name: "web-0" }] });
    expect(specOf(file("listen: [{ tcp: 1 }]")).listen![0]).not.toHaveProperty("shared");
    expect(findings(file("listen: [{ tcp: 1 }]", "on_demand: true").replace("- id: web", "- id: web\n  count: 2"))).toContain(
      'unit "web-1": a connection to tcp 1, which its instances share, is for none of them to be started by',
    );
    expect(findings(twice.replace("  count: 2", "  max_unavailable: 2"))).toContain('"max_unavailable" has no effect without "count"');
  });

  it("on demand: its restart policy is on_failure unless it says otherwise, and nothing is known of it without sockets", () => {
    expect(specOf(file("listen: [{ tcp: 1 }]"))).toMatchObject({ restart: { when: "always" } });
    expect(specOf(file("listen: [{ tcp: 1 }]"))).not.toHaveProperty("onDemand");
    expect(specOf(file("listen: [{ tcp: 1 }]", "on_demand: false"))).not.toHaveProperty("onDemand");
    expect(specOf(file("listen: [{ tcp: 1 }]", "on_demand: true"))).toMatchObject({ onDemand: {}, restart: { when: "on_failure" } });
    const idle = specOf(file("listen: [{ tcp: 1 }]", "on_demand: { idle_timeout: 5m }"));
    expect(idle).toMatchObject({ onDemand: { idleMillis: 300_000 } });
    const never = `${file("listen: [{ tcp: 1 }]", "on_demand: true")}    restart_policy: never\n`;
    expect(specOf(never)).toMatchObject({ restart: { when: "never" } });
  });

  it("proxy: to a port that is chosen, or to one of its own", () => {
    expect(specOf(file("listen: [{ tcp: 1 }]", "proxy: true"))).toMatchObject({ proxy: {} });
    expect(specOf(file("listen: [{ tcp: 1 }]", "proxy: 9000", "on_demand: true"))).toMatchObject({ proxy: { port: 9000 }, onDemand: {} });
    expect(specOf(file("listen: [{ tcp: 1 }]", "proxy: false"))).not.toHaveProperty("proxy");
  });

  it("the keys are those of the nested dialect as well", () => {
    const nested = [
      "managed_processes:",
      "- id: web",
      "  management:",
      "    integrated_managed:",
      "      control: { execution: { executable_path: sleep }, listen: [{ unix: /x, mode: 0600 }], on_demand: true }",
    ].join("\n");
    expect(specOf(nested)).toMatchObject({ kind: "integrated", onDemand: {}, listen: [{ address: { mode: 0o600 } }] });
  });

  it("another address is another process, another backlog is not", () => {
    const of = (list: string): string => Recovered.fingerprint(specOf(file(`listen: ${list}`)));
    expect(of("[{ tcp: 1 }]")).not.toBe(of("[{ tcp: 2 }]"));
    expect(of("[{ tcp: 1 }]")).not.toBe(of("[{ tcp: 1, name: other }]"));
    expect(of("[{ tcp: 1 }]")).toBe(of("[{ tcp: 1, backlog: 1 }]"));
    expect(of("[{ tcp: 1 }]")).not.toBe(Recovered.fingerprint(specOf(file())));
  });
});

describe("mistakes", () => {
  it("HSU-CFG-033: what is no socket", () => {
    expect(
      findings(
        file(
          "listen:",
          '- { tcp: "localhost:80" }',
          "- { tcp: 70000 }",
          '- { tcp: "[::1]" }',
          "- { unix: /a, mode: 999 }",
          "- { unix: /b, name: a b }",
          "- { tcp: 80, mode: 0600 }",
          "- {}",
        ),
      ),
    ).toMatchInlineSnapshot(`
      "
      hsu.yaml:7:16: error HSU-CFG-033: "tcp" cannot be the text "localhost:80"
        7 |       - { tcp: "localhost:80" }
          |                ^^^^^^^^^^^^^^
          = expected a port, or an IP address and a port: 8080, 127.0.0.1:8080, [::1]:8080

      hsu.yaml:8:16: error HSU-CFG-010: "tcp" cannot be the number 70000
        8 |       - { tcp: 70000 }
          |                ^^^^^
          = expected a port: a whole number from 1 to 65535

      hsu.yaml:9:16: error HSU-CFG-033: "tcp" cannot be the text "[::1]"
        9 |       - { tcp: "[::1]" }
          |                ^^^^^^^
          = expected a port, or an IP address and a port: 8080, 127.0.0.1:8080, [::1]:8080

      hsu.yaml:10:27: error HSU-CFG-033: unit "web": 999 is no mode of a file
        10 |       - { unix: /a, mode: 999 }
           |                           ^^^
           = three octal digits, as in 0660

      hsu.yaml:11:27: error HSU-CFG-033: "name" cannot be the text "a b"
        11 |       - { unix: /b, name: a b }
           |                           ^^^
           = expected 1 to 255 characters, no space and no colon

      hsu.yaml:12:20: error HSU-CFG-005: unknown key "mode" in an entry of "listen"
        12 |       - { tcp: 80, mode: 0600 }
           |                    ^^^^
           = expected one of tcp, name, backlog

      hsu.yaml:13:9: error HSU-CFG-006: an entry of "listen" lacks the key "tcp"
        13 |       - {}
           |         ^^
           = expected a string

      7 errors
      "
    `);
    expect(findings(file("listen: []"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:7: error HSU-CFG-033: "listen" cannot be a list
        6 |       listen: []
          |       ^^^^^^
          = expected at least one socket

      1 error
      "
    `);
  });

  it("HSU-CFG-033: one address of two units", () => {
    const other = file("listen: [{ unix: /a }, { tcp: 80 }]").replace("managed_processes:\n", "").replace("web", "other");
    expect(findings(file("listen: [{ tcp: 80 }]") + other)).toMatchInlineSnapshot(`
      "
      hsu.yaml:11:37: error HSU-CFG-033: unit "other": unit "web" listens on tcp 80 already
        11 |       listen: [{ unix: /a }, { tcp: 80 }]
           |                                     ^^

      1 error
      "
    `);
  });

  it("HSU-CFG-032: keys that do not go together", () => {
    expect(findings(file("on_demand: true"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:7: error HSU-CFG-032: unit "web": "on_demand" waits for a connection to a socket that there is not
        6 |       on_demand: true
          |       ^^^^^^^^^
          = add listen: the sockets that somebody connects to

      1 error
      "
    `);
    expect(findings(file("proxy: 0", "listen: [{ tcp: 1 }]"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:14: error HSU-CFG-010: "proxy" cannot be the number 0
        6 |       proxy: 0
          |              ^
          = expected a port: a whole number from 1 to 65535

      1 error
      "
    `);
    expect(findings(file("proxy: true"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:7: error HSU-CFG-032: unit "web": "proxy" has nobody to pass on: it listens nowhere
        6 |       proxy: true
          |       ^^^^^
          = add listen: the sockets that somebody connects to

      1 error
      "
    `);
    expect(findings(file("listen: [{ tcp: 1 }]", "start: oneshot"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:7: error HSU-CFG-032: unit "web": a "oneshot" has ended before anybody is answered
        6 |       listen: [{ tcp: 1 }]
          |       ^^^^^^

      1 error
      "
    `);
    expect(findings(file("listen: [{ tcp: 1 }]", "schedule: { every: 1m }"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:7: error HSU-CFG-032: unit "web": it is started by its schedule, or by who connects, not by both
        6 |       listen: [{ tcp: 1 }]
          |       ^^^^^^

      1 error
      "
    `);
    expect(findings(`${file("listen: [{ tcp: 1 }]", "on_demand: true")}    restart_policy: always\n`)).toMatchInlineSnapshot(`
      "
      hsu.yaml:8:21: error HSU-CFG-032: unit "web": with "on_demand" it cannot be restarted "always": it may end when nobody is connected
        8 |     restart_policy: always
          |                     ^^^^^^
          = on_failure, which is the default of such a unit

      1 error
      "
    `);
  });
});
