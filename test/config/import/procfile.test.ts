import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { imported } from "./support.ts";

const fixtures = join(dirname(fileURLToPath(import.meta.url)), "../fixtures/import");
const Procfile = readFileSync(join(fixtures, "Procfile"), "utf8");

describe("a Procfile", () => {
  it("is a unit a line, with a port each, the variables of .env, and release before the others", () => {
    const { told, units, warnings, wrong } = imported("procfile", { Procfile }, { ".env": "SECRET=1\nPORT=80\n" });
    expect([wrong, warnings]).toStrictEqual(["", []]);
    expect(told).toStrictEqual(["6:1 102 release is run once at the start of the master, and the others wait for it"]);
    expect(Object.keys(units)).toStrictEqual(["web", "worker", "clock", "release"]);
    expect(units["web"]).toMatchObject({
      executable: "sh",
      args: ["-c", "exec node server.js --port $PORT"],
      environment: { SECRET: "1", PORT: "5000" },
      requires: ["release"],
      workingDirectory: "/srv",
      restart: { when: "always" },
    });
    expect(units["worker"]).toMatchObject({ executable: "bundle", args: ["exec", "sidekiq", "-C", "config/sidekiq.yml"] });
    expect(units["clock"]).toMatchObject({ executable: "/srv/bin/clock", args: ["every minute"], environment: { PORT: "5200" } });
    expect(units["release"]).toMatchObject({ args: ["-c", "./bin/migrate && ./bin/seed"], start: "oneshot", restart: { when: "never" } });
  });

  it("leaves texts of a shell to the shell", () => {
    const { units } = imported("procfile", { Procfile: 'web: echo "${HOME}" `date`; exec ./web\n' });
    expect(units["web"]?.args).toStrictEqual(["-c", 'echo "${HOME}" `date`; exec ./web']);
  });

  it("that is none is told where, and nothing is written", () => {
    const { text, told } = imported("procfile", { Procfile: "web: x\n{}\nweb: y\n" });
    expect(text).toBeUndefined();
    expect(told).toStrictEqual(["2:1 001 no line of a Procfile", "3:1 103 a second process called web: the first one counts"]);
  });
});
