/**
 * Help, from the verb table.
 */
import { usageOf, valueOf } from "../Args.ts";
import { examples } from "../Examples.ts";
import { exitCodes, passedOn } from "../ExitCodes.ts";
import { globalFlags } from "../GlobalFlags.ts";
import { type FlagSpec, verbs, type VerbSpec } from "../Verbs.ts";
import type { Paint } from "./paint.ts";
import { align } from "./text.ts";

/** All verbs. */
export const overview = (version: string, paint: Paint): string =>
  [
    `${paint.bold("hsu")} ${version}, one supervision tree for everything that can fail`,
    "",
    paint.bold("Usage: hsu VERB [FLAGS] …"),
    "",
    ...align(verbs.map((verb) => [`  ${verb.name}`, verb.summary])),
    "",
    paint.bold("Flags of every verb:"),
    ...flagLines(globalFlags),
    "",
    paint.bold("Exit codes:"),
    ...align(
      exitCodes.map(([code, meaning]) => [`  ${code}`, meaning]),
      new Set([0]),
    ),
    `  ${passedOn}`,
    "",
    "`hsu help VERB` tells more of one verb.",
    "",
  ].join("\n");

/** One verb. */
export const verbHelp = (verb: VerbSpec, paint: Paint): string => {
  const own = flagLines(verb.flags);
  return [
    `${verb.summary}.`,
    "",
    `${paint.bold("Usage:")} ${usageOf(verb)}`,
    ...(verb.aliases === undefined ? [] : [`${paint.bold("Also:")} ${verb.aliases.map((alias) => `hsu ${alias}`).join(", ")}`]),
    ...(verb.details === undefined ? [] : ["", verb.details]),
    "",
    paint.bold("Examples:"),
    ...(examples[verb.name] ?? []).flatMap(({ does, line }) => [`  ${line}`, `      ${paint.dim(does)}`]),
    ...(own.length === 0 ? [] : ["", paint.bold("Flags:"), ...own]),
    "",
    paint.bold("Flags of every verb:"),
    ...flagLines(globalFlags),
    "",
  ].join("\n");
};

const flagLines = (flags: Readonly<Record<string, FlagSpec>>): ReadonlyArray<string> =>
  align(
    Object.entries(flags).map(([name, flag]) => [
      `  ${flag.short === undefined ? "    " : `-${flag.short}, `}--${name}${valueOf(flag)}`,
      flag.help,
    ]),
  );
