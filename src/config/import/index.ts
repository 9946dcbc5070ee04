/**
 * What people have of other supervisors, as a config of HSU. Each key of theirs is in it, or there is a finding that it is not: what nobody has asked for
 * is told by the readers themselves.
 */
import { yamlOf } from "../Written.ts";
import { configOf } from "./Draft.ts";
import type { Text } from "./Finding.ts";
import { compose } from "./compose/index.ts";
import { collecting, type Imported } from "./Imported.ts";
import { pm2 } from "./Pm2.ts";
import { procfile } from "./Procfile.ts";
import type { Importer, World } from "./Source.ts";
import { supervisord } from "./Supervisord.ts";
import { systemd } from "./systemd/index.ts";

export type { Text } from "./Finding.ts";
export type { World } from "./Source.ts";

const importers = { systemd, supervisord, pm2, procfile, compose } as const satisfies Readonly<Record<string, Importer>>;
export type Kind = keyof typeof importers;
export const kinds = Object.keys(importers) as ReadonlyArray<Kind>;

export const isKind = (text: string): text is Kind => Object.hasOwn(importers, text);

export const importFrom = (kind: Kind, files: ReadonlyArray<Text>, world: World): Imported =>
  collecting(files, (tell) => {
    const names = files.map(({ file, instance }) => instance ?? file.split("/").at(-1)).join(" ");
    return { text: yamlOf(configOf(importers[kind](files, world, tell)), `Made by \`hsu import ${kind} ${names}\``) };
  });
