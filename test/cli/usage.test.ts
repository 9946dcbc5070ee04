/**
 * Wrong usage is exactly one line and one hint on stderr, exit code 2; help and version win over mistakes.
 */
import * as Effect from "effect/Effect";
import { describe, expect, test } from "vitest";
import { parse, usageOf } from "../../src/cli/Args.ts";
import { verbs } from "../../src/cli/Verbs.ts";
import { folder, hsu, scoped, testIo } from "./testIo.ts";

const said = (...argv: ReadonlyArray<string>) =>
  scoped(
    Effect.gen(function* () {
      const io = testIo(yield* folder);
      const code = yield* hsu(io, ...argv);
      return { code, out: io.out(), err: io.err() };
    }),
  );

describe("wrong usage", () => {
  test.each([
    [["statsu"], 'no verb "statsu"', "did you mean `hsu status`?"],
    [["frobnicate"], 'no verb "frobnicate"', "`hsu help` lists the verbs"],
    [["kill"], 'no verb "kill"', "did you mean `hsu signal`?"],
    [["reread"], 'no verb "reread"', "did you mean `hsu plan`?"],
    [["disable", "web"], 'no verb "disable"', "write `enabled: false` at the unit in the config, and `hsu apply`"],
    [["constructor"], 'no verb "constructor"', "`hsu help` lists the verbs"],
    [["status", "--json"], "`hsu status` has no flag --json", "did you mean -o json?"],
    [["up", "-f", "hsu.yaml"], "`hsu up` has no flag -f", "the config is named without a flag: hsu up FILE"],
    [["stop", "--all"], "`hsu stop` has no flag --all", "did you mean `hsu stop all`?"],
    [["help", "lgs"], 'no verb "lgs"', "did you mean `hsu logs`?"],
    [["logs", "--folow", "web"], "`hsu logs` has no flag --folow", "did you mean --follow?"],
    [["logs", "-x", "web"], "`hsu logs` has no flag -x", "see `hsu help logs`"],
    [["--sokcet", "x", "status"], "no flag --sokcet", "did you mean --socket?"],
    [
      ["logs"],
      "`hsu logs` needs UNIT",
      "usage: hsu logs [-f] [--reconnect TIME] [-n N] [--tail N] [--since TIME] [--until TIME] [--grep REGEX] [--level trace|debug|info|warn|error|fatal] [--merge] [-o text|json] UNIT…",
    ],
    [["signal", "web"], "`hsu signal` needs SIGNAL", "usage: hsu signal UNIT SIGNAL"],
    [["tree", "web"], '`hsu tree` does not take "web"', "usage: hsu tree [-o text|json|yaml]"],
    [["logs", "-n", "many", "web"], '-n needs a whole number, not "many"', "see `hsu help logs`"],
    [["logs", "-n", "-f", "web"], "-n needs a value: N", "see `hsu help logs`"],
    [["logs", "web", "-n"], "-n needs a value: N", "see `hsu help logs`"],
    [["logs", "--follow=yes", "web"], "--follow takes no value", "see `hsu help logs`"],
    [["status", "-o", "jsn"], '-o cannot be "jsn"', 'did you mean "json"?'],
    [["status", "-o", "xml"], '-o cannot be "xml"', "it is one of table, json, yaml, name"],
    [["down", "--timeout", "5"], "--timeout: the number 5 has no unit", "write 5s for seconds or 5ms for milliseconds"],
    [["down", "--timeout", "soon"], '--timeout: "soon" is not a duration', "durations look like 500ms, 30s or 2m"],
    [["signal", "web", "TREM"], 'no signal "TREM"', "did you mean SIGTERM?"],
    [["signal", "web", "0"], 'no signal "0"', "signals are named HUP, SIGHUP or 1"],
    [["--socket"], "--socket needs a value: PATH", "see `hsu help`"],
    [["status", "--__proto__"], "`hsu status` has no flag --__proto__", "see `hsu help status`"],
    [["evil\n\x1b[2Jverb"], 'no verb "evil\\n\\u001b[2Jverb"', "`hsu help` lists the verbs"],
  ])("%j", async (argv, message, hint) => {
    expect(await said(...argv)).toEqual({ code: 2, out: "", err: `error: ${message} [HSU-CLI-001]\nhint: ${hint}\n` });
  });
});

describe("help", () => {
  test("no verb, help, -h and --help show all verbs on stdout", async () => {
    const help = await said("help");
    expect(help).toMatchObject({ code: 0, err: "" });
    for (const verb of verbs) expect(help.out).toContain(`\n  ${verb.name} `);
    expect(help.out).not.toContain("\x1b");
    for (const argv of [[], ["-h"], ["--help"]]) expect(await said(...argv)).toEqual(help);
  });

  test.each(verbs.map((verb) => verb.name))("help %s", async (name) => {
    const verb = verbs.find((candidate) => candidate.name === name)!;
    const help = await said("help", name);
    expect(help).toMatchObject({ code: 0, err: "" });
    expect(help.out.split("\n")[2]).toBe(`Usage: ${usageOf(verb)}`);
    for (const flag of Object.keys(verb.flags)) expect(help.out).toContain(`--${flag}`);
    expect(await said(name, "--help")).toEqual(help);
  });

  test("wins over mistakes", async () => {
    expect((await said("logs", "--nonsense", "-h")).out).toContain("Usage: hsu logs");
    expect((await said("signal", "--version")).out).toBe("hsu 0.1.0\n");
    expect((await said("-V")).out).toBe("hsu 0.1.0\n");
  });
});

describe("parse", () => {
  test("flags stand before and behind the verb, in all their forms", () => {
    const wanted = { _tag: "Run", operands: ["web"], flags: { follow: true, lines: 5, socket: "/s", "no-color": true } };
    for (const line of [
      "--socket /s --no-color logs -f -n 5 web",
      "logs web -f -n5 --socket=/s --no-color",
      "--no-color logs -fn 5 --socket /s web",
      "--socket=/s logs --follow --lines=5 web --no-color",
    ]) {
      expect(parse(line.split(" "))).toMatchObject(wanted);
    }
  });

  test("behind -- nothing is a flag, and an alias is its verb", () => {
    expect(parse(["logs", "--", "-f"])).toMatchObject({ operands: ["-f"], flags: {} });
    expect(parse(["ps"])).toMatchObject({ verb: { name: "status" } });
  });

  test("a value of a global flag is not taken for the verb", () => {
    expect(parse(["--socket", "status", "tree"])).toMatchObject({ verb: { name: "tree" }, flags: { socket: "status" } });
  });
});
