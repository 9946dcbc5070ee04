/**
 * docs/reference/verbs.md: every verb, from the verb table.
 */
import { usageOf, valueOf } from "../Args.ts";
import { examples } from "../Examples.ts";
import { exitCodes, passedOn } from "../ExitCodes.ts";
import { globalFlags } from "../GlobalFlags.ts";
import { type FlagSpec, verbs, type VerbSpec } from "../Verbs.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");

const flagRows = (flags: Readonly<Record<string, FlagSpec>>): ReadonlyArray<string> => [
  "| flag | meaning |",
  "| --- | --- |",
  ...Object.entries(flags).map(([name, flag]) => {
    const short = flag.short === undefined ? "" : `\`-${flag.short}\`, `;
    return `| ${short}\`--${name}${cell(valueOf(flag))}\` | ${cell(flag.help)} |`;
  }),
];

const section = (verb: VerbSpec): ReadonlyArray<string> => [
  `## hsu ${verb.name}`,
  "",
  `${verb.summary}.`,
  "",
  "```",
  usageOf(verb),
  ...(verb.aliases ?? []).map((alias) => usageOf({ ...verb, name: alias })),
  "```",
  "",
  ...(verb.details === undefined ? [] : [...verb.details.replaceAll("<", "\\<").split("\n"), ""]),
  ...(Object.keys(verb.flags).length === 0 ? [] : [...flagRows(verb.flags), ""]),
  "```sh",
  ...(examples[verb.name] ?? []).flatMap(({ does, line }) => [`${line}  # ${does}`]),
  "```",
  "",
];

export const reference = (): string =>
  [
    "# Every verb",
    "",
    "Made from the table that the program reads its command line by; `hsu help VERB` prints the same, and `man hsu-VERB`. More of what they do:",
    "[the command line](cli.md).",
    "",
    ...verbs.flatMap(section),
    "## Flags of every verb",
    "",
    ...flagRows(globalFlags),
    "",
    "## Exit codes",
    "",
    "| code | meaning |",
    "| --- | --- |",
    ...exitCodes.map(([code, meaning]) => `| ${code} | ${cell(meaning)} |`),
    "",
    passedOn,
    "",
  ].join("\n");
