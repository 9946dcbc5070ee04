/**
 * What people have of other supervisors, as a config of HSU. Each key of theirs is in it, or there is a finding that it is not: what nobody has asked for
 * is told by the readers themselves.
 */
import { configOf, yamlOf } from "./Draft.ts";
import { diagnosed, type Diagnosed, type Finding, isError, teller, type Text } from "./Finding.ts";
import { compose } from "./compose/index.ts";
import { pm2 } from "./Pm2.ts";
import { procfile } from "./Procfile.ts";
import type { Importer, World } from "./Source.ts";
import { supervisord } from "./Supervisord.ts";
import { systemd } from "./systemd/index.ts";

export type { Diagnosed, Text } from "./Finding.ts";
export type { World } from "./Source.ts";

const importers = { systemd, supervisord, pm2, procfile, compose } as const satisfies Readonly<Record<string, Importer>>;
export type Kind = keyof typeof importers;
export const kinds = Object.keys(importers) as ReadonlyArray<Kind>;

export const isKind = (text: string): text is Kind => Object.hasOwn(importers, text);

export interface Imported {
  /** A file of HSU's own dialect; absent: one of the findings is an error. */
  readonly text: string | undefined;
  readonly findings: ReadonlyArray<Diagnosed>;
}

const isSame = (one: Finding, other: Finding): boolean => one.of === other.of && one.start === other.start && one.message === other.message;

/** In the order of the files and of their lines. */
export const importFrom = (kind: Kind, files: ReadonlyArray<Text>, world: World): Imported => {
  const findings: Array<Finding> = [];
  const tree = importers[kind](
    files,
    world,
    // What is written once and holds for several is told once.
    teller((finding) => void (findings.some((one) => isSame(one, finding)) || findings.push(finding))),
  );
  const inOrder = findings.toSorted((one, other) => files.indexOf(one.of) - files.indexOf(other.of) || one.start - other.start);
  const isWrong = findings.some(isError);
  const names = files.map(({ file }) => file.split("/").at(-1)).join(" ");
  return {
    text: isWrong ? undefined : yamlOf(configOf(tree), `Made by \`hsu import ${kind} ${names}\``),
    findings: inOrder.map(diagnosed),
  };
};
