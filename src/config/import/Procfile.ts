/**
 * Procfiles, as Heroku, foreman and honcho run them: a line `name: command` each, in a shell, with the variables of `.env` and a port for each.
 */
import { dirname, join } from "node:path";
import { commandOf } from "./Words.ts";
import { type Draft, moved, movedProgram, naming } from "./Draft.ts";
import type { Importer } from "./Source.ts";

/** As foreman counts ports: a hundred for each kind of process. */
const basePort = 5_000;
const portsEach = 100;

export const procfile: Importer = (files, { folder, readFile }, { left, other, wrong }) => {
  const idOf = naming();
  const units: Array<Draft> = [];
  for (const of of files) {
    const from = dirname(of.file);
    const dotenv = join(from, ".env");
    const hasEnv = readFile(dotenv) !== null;
    let start = 0;
    for (const raw of of.text.split("\n")) {
      const line = raw.replace(/\r$/, "");
      const place = { of, start, end: start + line.length };
      start += raw.length + 1;
      if (/^\s*(#|$)/.test(line)) continue;
      const [, name, command] = /^([A-Za-z0-9_-]+):\s*(.+?)\s*$/.exec(line) ?? [];
      if (name === undefined || command === undefined) {
        wrong(place, "no line of a Procfile", "lines are of the form name: command");
        continue;
      }
      const isRelease = name === "release";
      const id = idOf(name);
      const at = { ...place, end: place.start + name.length };
      if (id !== name) {
        left(at, `a second process called ${name}: the first one counts`);
        continue;
      }
      if (isRelease) other(at, "release is run once at the start of the master, and the others wait for it");
      const { args, executable } = commandOf(command);
      units.push({
        id,
        control: {
          executable: movedProgram(executable, from, folder),
          arguments: args,
          working_directory: moved(".", from, folder) === "." ? undefined : moved(".", from, folder),
          environment: isRelease ? undefined : { PORT: basePort + portsEach * units.filter((unit) => unit.id !== "release").length },
          env_file: hasEnv ? moved(".env", from, folder) : undefined,
          start: isRelease ? "oneshot" : undefined,
        },
        restart: isRelease ? "never" : undefined,
      });
    }
  }
  const hasRelease = units.some(({ id }) => id === "release");
  return { units: units.map((unit) => (hasRelease && unit.id !== "release" ? { ...unit, requires: ["release"] } : unit)) };
};
