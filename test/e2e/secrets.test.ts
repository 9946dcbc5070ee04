import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { afterEach, beforeEach, expect, it } from "vitest";
import { connect } from "../../src/cli/Client.ts";
import { freePort, type Home, home, until } from "./program.ts";

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

const secrets = ["literal-1-secret", "literal-2-secret", "from-a-file-1", "of-an-option-1", "of-the-env-file"];

it("no door of a master shows a secret that it knows", async () => {
  const port = await freePort();
  const config = (file: string, password: string, more: object = {}): string => {
    const unit = {
      id: "web",
      management: {
        control: {
          executable: "sh",
          // What the unit itself writes is its own.
          arguments: ["-c", "exec sleep 600", "--password", "of-an-option-1"],
          env_file: "web.env",
          environment: { DB_PASSWORD: password, API_TOKEN: { file: "token" }, MODE: "plain-value", ...more },
        },
        restart_policy: { strategy: "always" },
        // What it prints stands in the events, and in its description.
        probes: {
          readiness: {
            exec: { command: "sh", args: ["-c", "[ -e sick ] || exit 0; echo $API_TOKEN $DB_PASSWORD $CLIENT_KEY >&2; exit 1"] },
            interval: "50ms",
            failure_threshold: 1,
          },
        },
      },
    };
    const broken = {
      id: "broken",
      management: { control: { executable: "./literal-1-secret" }, restart_policy: { strategy: "never" } },
    };
    writeFileSync(join(place.folder, file), JSON.stringify({ process_manager: { http: { port } }, managed_processes: [unit, broken] }));
    return file;
  };
  // It is there and may be executed, and what is to run it is not.
  writeFileSync(join(place.folder, "literal-1-secret"), "#!/nowhere/interpreter\n", { mode: 0o755 });
  writeFileSync(join(place.folder, "token"), "from-a-file-1\n");
  writeFileSync(join(place.folder, "web.env"), "CLIENT_KEY=of-the-env-file\n");
  writeFileSync(join(place.folder, "sick"), "");
  config("hsu.yaml", "literal-1-secret");
  expect((await place.hsu("up", "-d")).err).not.toContain("HSU-CFG");
  const token = (await place.hsu("token", "create", "me", "--role", "admin")).out.trim();
  const headers = { authorization: `Bearer ${token}` };
  const next = config("next.yaml", "literal-2-secret", { MODE: "other-value" });

  const shown: Record<string, string> = {};
  const run = async (...argv: ReadonlyArray<string>): Promise<void> => {
    const { err, out } = await place.hsu(...argv);
    shown[argv.join(" ")] = out + err;
  };
  const events = async (): Promise<string> => (await place.hsu("events")).out;
  await until("the probe has said something", events, (text) => text.includes("probe failed"));
  rmSync(join(place.folder, "sick"));
  await run("plan", next);
  await run("plan", "--from", "hsu.yaml", next);
  await run("apply", next);
  await run("describe", "web");
  await run("diff");
  await run("start", "broken");
  shown["events"] = await events();
  shown["log"] = readFileSync(join(place.folder, "state/master.log"), "utf8");
  for (const path of ["/v1/units", "/v1/units/web", "/v1/status", "/v1/tree", "/metrics"]) {
    shown[path] = await (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).text();
  }
  shown["rpc"] = await connect(join(place.folder, "run/master.sock")).pipe(
    Effect.flatMap(({ call }) =>
      Effect.all([
        call.Spec(undefined),
        call.Revision({ revision: 1 }),
        call.Status(undefined),
        call.Describe({ unit: "web" }),
        call.Describe({ unit: "broken" }),
        call.Resources({ unit: null, history: true, detail: true }),
        call.Revisions(undefined),
        Effect.exit(call.Start({ unit: "broken" })),
        call.Rollback({ revision: null }),
      ]),
    ),
    Effect.scoped,
    Effect.map((all) => JSON.stringify(all)),
    Effect.runPromise,
  );

  expect(
    Object.entries(shown).flatMap(([door, text]) =>
      secrets.filter((secret) => text.includes(secret)).map((secret) => `${door}: ${secret}`),
    ),
  ).toEqual([]);
  // They have been where they could have been seen, and what is no secret is.
  expect(shown["plan next.yaml"]).toContain("environment.DB_PASSWORD: *** → ***");
  expect(shown["plan next.yaml"]).toContain("environment.MODE: plain-value → other-value");
  expect(shown["describe web"]).toContain("--password '***'");
  expect(shown["start broken"]).toContain("/***");
  expect(shown["events"]).toContain("*** *** ***");
  expect(shown["rpc"]).toContain('"MODE":"plain-value"');
  await place.hsu("down");
});
