/**
 * A config from all that is in a folder: of what says what runs there, each in its own way.
 */
import { yamlOf } from "../Written.ts";
import { configOf, type Draft, type Tree } from "./Draft.ts";
import type { Text } from "./Finding.ts";
import { compose } from "./compose/index.ts";
import { collecting, type Imported } from "./Imported.ts";
import { packageJson } from "./Package.ts";
import { pm2 } from "./Pm2.ts";
import { procfile } from "./Procfile.ts";
import type { Importer, World } from "./Source.ts";
import { supervisord } from "./Supervisord.ts";

interface Source {
  /** The first that is there is read. */
  readonly names: ReadonlyArray<string>;
  readonly importer: Importer;
  /** It only says what is run where nothing else does. */
  readonly last?: true;
}

/** Who says more of how a program is to be run goes first. */
const sources: ReadonlyArray<Source> = [
  { names: ["supervisord.conf"], importer: supervisord },
  { names: ["ecosystem.config.json", "ecosystem.config.yaml", "ecosystem.config.yml"], importer: pm2 },
  { names: ["Procfile"], importer: procfile },
  { names: ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"], importer: compose },
  { names: ["package.json"], importer: packageJson, last: true },
];

/** Files of a folder that `configFrom` reads. */
export const wanted = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  sources.flatMap((source) => source.names.find((name) => names.includes(name)) ?? []);

const nameOf = ({ file }: Text): string => file.split("/").at(-1)!;

/** Where a unit is spoken of: there is always a first line. */
const placeOf = (of: Text, id: string) => {
  const start = Math.max(0, of.text.search(new RegExp(`\\b${id}\\b`)));
  return { of, start, end: start + id.length };
};

/** `from`: the files that units were made of; none: there was nothing to make one of. */
export const configFrom = (
  files: ReadonlyArray<Text>,
  world: World,
): Imported & { readonly from: ReadonlyArray<string>; readonly units: number } =>
  collecting(files, (tell) => {
    const units: Array<Draft> = [];
    const from: Array<string> = [];
    let defaults: Tree["defaults"];
    for (const { importer, last, names } of sources) {
      const of = files.find((file) => names.includes(nameOf(file)));
      if (of === undefined || (last === true && units.length > 0)) continue;
      const tree = importer([of], world, tell);
      defaults ??= tree.defaults;
      const added = tree.units.filter(({ id }) => {
        const known = units.some((unit) => unit.id === id);
        if (known) tell.left(placeOf(of, id), `${id} is left out: there is one in ${from.join(" and ")} already`);
        return !known;
      });
      if (added.length > 0) from.push(nameOf(of));
      units.push(...added);
    }
    const text =
      units.length === 0
        ? example
        : yamlOf(configOf({ units, ...(defaults === undefined ? {} : { defaults }) }), `Made by \`hsu init\` of ${from.join(" and ")}`);
    return { text, from, units: units.length };
  });

/** Where nothing says what is to run. */
const example = `# Made by \`hsu init\`: a unit to begin with. Its keys: docs/reference/config.md
managed_processes:
  - id: hello
    management:
      control:
        executable: sh
        arguments: ["-c", "while :; do date; sleep 5; done"]
`;
