/**
 * A `package.json`: what `npm start` runs.
 */
import { dirname, join } from "node:path";
import { commandOf } from "./Words.ts";
import { moved, naming } from "./Draft.ts";
import { documentOf, keysOf, textOf } from "./Keys.ts";
import type { Importer } from "./Source.ts";

export const packageJson: Importer = (files, { folder, list }, tell) => ({
  units: files.flatMap((of) => {
    const root = documentOf(of, tell);
    if (root === undefined) return [];
    const keys = keysOf(of, root);
    const [name, main] = [keys.take("name"), keys.take("main")];
    const start = keys.below("scripts")?.take("start");
    const from = dirname(of.file);
    if (start === undefined && main === undefined) {
      tell.left({ of, start: root.start, end: root.start + 1 }, "there is no script called start, and no main: no unit is made of it");
      return [];
    }
    const line = start === undefined ? `node ${textOf(main!.node)}` : textOf(start.node);
    const command = commandOf(line);
    // A script finds the programs of the packages, and may be several commands: what only starts Node needs no npm in between.
    const isPlain = command.executable === "node" && !list(join(from, "node_modules/.bin")).includes("node");
    return [
      {
        id: naming()(name === undefined ? "app" : textOf(name.node).replace(/^@[^/]*\//, "")),
        control: {
          executable: isPlain ? "node" : "npm",
          arguments: isPlain ? command.args : ["run", "--silent", "start"],
          working_directory: moved(".", from, folder) === "." ? undefined : moved(".", from, folder),
        },
      },
    ];
  }),
});
