import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Home, home, until } from "./program.ts";

let place: Home;
beforeEach(() => {
  place = home();
});
afterEach(() => place.clean());

it("a Procfile is imported, and what is made of it runs: with its shell, its port and its variables", async () => {
  writeFileSync(join(place.folder, ".env"), "GREETING='good morning'\n");
  writeFileSync(
    join(place.folder, "Procfile"),
    'web: echo "$GREETING at $PORT" && exec sleep 60\nworker: sleep 60\nrelease: echo done > released\n',
  );
  const { code, err } = await place.hsu("import", "procfile", "-O", "hsu.yaml", "Procfile");
  expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining("Procfile:3:1: warning HSU-IMP-102") });
  expect(await place.hsu("import", "procfile", "-O", "hsu.yaml", "Procfile")).toMatchObject({
    code: 1,
    err: expect.stringContaining("there is such a file already [HSU-CLI-010]"),
  });
  expect(await place.hsu("validate", "hsu.yaml")).toMatchObject({ code: 0, err: "" });

  expect(await place.hsu("up", "-d")).toMatchObject({ code: 0 });
  const { units } = await place.status();
  expect(Object.fromEntries(units.map(({ id, state }) => [id, state]))).toEqual({
    web: "running",
    worker: "running",
    release: "completed",
  });
  expect(readFileSync(join(place.folder, "released"), "utf8")).toBe("done\n");
  await until(
    "web greets",
    () => place.hsu("logs", "web"),
    ({ out }) => out === "good morning at 5000\n",
  );
  expect(await place.hsu("down")).toMatchObject({ code: 0 });
  expect(place.left()).toEqual([]);
}, 60_000);

it("an ecosystem file of pm2 that is code is run only when that is asked for", async () => {
  writeFileSync(
    join(place.folder, "eco.cjs"),
    'console.log("hello");\nmodule.exports = { apps: [{ name: "a".repeat(3), script: "x.js", watch: true }] };\n',
  );
  expect(await place.hsu("import", "pm2", "eco.cjs")).toMatchObject({ code: 1, out: "", err: expect.stringContaining("[HSU-IMP-002]") });
  const { code, err, out } = await place.hsu("import", "pm2", "--allow-js", "eco.cjs");
  expect({ code, err }).toMatchObject({
    code: 0,
    err: expect.stringContaining("eco.cjs:2:66: warning HSU-IMP-101: aaa: watch has no counterpart"),
  });
  expect(out).toContain("- id: aaa");
  writeFileSync(join(place.folder, "eco.cjs"), "throw new Error('not today')");
  expect(await place.hsu("import", "pm2", "--allow-js", "eco.cjs")).toMatchObject({ code: 1, err: expect.stringContaining("not today") });
}, 60_000);

it("a kind that there is not is a mistake of usage", async () => {
  expect(await place.hsu("import", "supervisor", "x")).toMatchObject({
    code: 2,
    err: expect.stringContaining('did you mean "supervisord"?'),
  });
  expect(await place.hsu("import", "procfile", "nowhere")).toMatchObject({
    code: 2,
    err: expect.stringContaining("there is no such file"),
  });
});
