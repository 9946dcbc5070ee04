import { describe, expect, it } from "vitest";
import { configFrom, wanted } from "../../../src/config/import/Found.ts";

const found = (files: Readonly<Record<string, string>>) => {
  const { findings, ...rest } = configFrom(
    Object.entries(files).map(([name, text]) => ({ file: `/srv/${name}`, text })),
    { folder: "/srv", readFile: () => null, list: () => [], hostname: "host" },
  );
  return { ...rest, told: findings.map(({ code, file, line, message }) => `${file}:${line} ${code.slice(-3)} ${message}`) };
};
const ids = (text: string | undefined) => [...(text ?? "").matchAll(/- id: (.*)/g)].map(([, id]) => id);

describe("a config from what is in a folder", () => {
  it("one file of each kind is read, the first of its names", () => {
    const names = ["README.md", "docker-compose.yml", "package.json", "compose.yaml", "Procfile", "ecosystem.config.js"];
    expect(wanted(names)).toEqual(["Procfile", "compose.yaml", "package.json"]);
  });

  it("puts them together; a name that comes twice is that of who says more, and package.json is for where nobody else says anything", () => {
    const { from, told, units, text } = found({
      Procfile: "web: node server.js\nworker: node worker.js\n",
      "compose.yaml": "services:\n  db: { image: postgres }\n  web:\n    command: node web.js\n  queue:\n    command: node queue.js\n",
      "package.json": '{ "name": "shop", "scripts": { "start": "node server.js" } }',
    });
    expect({ from, units, ids: ids(text) }).toEqual({
      from: ["Procfile", "compose.yaml"],
      units: 3,
      ids: ["web", "worker", "queue"],
    });
    expect(told).toEqual([
      "/srv/compose.yaml:2 103 db is left out: it has no command",
      "/srv/compose.yaml:3 103 web is left out: there is one in Procfile already",
    ]);
    expect(text).toContain("# Made by `hsu init` of Procfile and compose.yaml");
  });

  it.each([
    ['{ "name": "@a/shop", "scripts": { "start": "node server.js --port 80" } }', "shop", "node", '[server.js, --port, "80"]'],
    ['{ "name": "shop", "scripts": { "start": "next start" } }', "shop", "npm", "[run, --silent, start]"],
    ['{ "scripts": { "start": "node a.js && node b.js" } }', "app", "npm", "[run, --silent, start]"],
    ['{ "main": "server.js" }', "app", "node", "[server.js]"],
  ])("package.json: %s", (text, id, executable, args) => {
    const { text: made, told } = found({ "package.json": text });
    expect(told).toEqual([]);
    expect(made).toContain(
      `  - id: ${id}\n    management:\n      control:\n        executable: ${executable}\n        arguments: ${args}\n`,
    );
  });

  it("where nothing says what is to run there is a unit to begin with", () => {
    expect(found({})).toMatchObject({ units: 0, from: [], told: [] });
    const { from, text, told } = found({ "package.json": '{ "name": "library" }' });
    expect([from, ids(text)]).toEqual([[], ["hello"]]);
    expect(told).toEqual(["/srv/package.json:1 103 there is no script called start, and no main: no unit is made of it"]);
  });

  it("a file that is wrong is told, and nothing is written", () => {
    expect(found({ Procfile: "web\n", "package.json": '{ "main": "x.js" }' })).toMatchObject({
      text: undefined,
      told: ["/srv/Procfile:1 001 no line of a Procfile"],
    });
  });
});
