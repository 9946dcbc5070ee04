/**
 * The manual: hsu(1), a page for each verb, and hsu.yaml(5).
 */
import { usageOf, valueOf } from "../Args.ts";
import { examples } from "../Examples.ts";
import { exitCodes, passedOn } from "../ExitCodes.ts";
import { globalFlags } from "../GlobalFlags.ts";
import { type FlagSpec, verbs, type VerbSpec } from "../Verbs.ts";
import { code, fromMarkdown, heading, page, plain } from "./roff.ts";

const entry = (head: string, text: string): ReadonlyArray<string> => [".TP", `\\fB${plain(head)}\\fR`, plain(text)];

const flagEntries = (flags: Readonly<Record<string, FlagSpec>>): ReadonlyArray<string> =>
  Object.entries(flags).flatMap(([name, flag]) =>
    entry(`${flag.short === undefined ? "" : `-${flag.short}, `}--${name}${valueOf(flag)}`, flag.help),
  );

const named = (name: string, summary: string): ReadonlyArray<string> => [heading("name"), `${plain(name)} \\- ${plain(summary)}`];

const references = (...names: ReadonlyArray<readonly [name: string, chapter: number]>): ReadonlyArray<string> => [
  heading("see also"),
  names.map(([name, chapter]) => `\\fB${plain(name)}\\fR(${chapter})`).join(", "),
];

const lowered = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

const verbPage = (verb: VerbSpec, version: string): string =>
  page(`hsu-${verb.name}`, 1, version, [
    ...named(`hsu-${verb.name}`, lowered(verb.summary)),
    heading("synopsis"),
    `\\fB${plain(usageOf(verb))}\\fR`,
    ...(verb.aliases ?? []).flatMap((alias) => [".br", `\\fB${plain(usageOf({ ...verb, name: alias }))}\\fR`]),
    heading("description"),
    plain(`${verb.summary}.`),
    ...(verb.details ?? "")
      .split("\n")
      .filter((each) => each !== "")
      .flatMap((each) => [".PP", plain(each)]),
    ...(Object.keys(verb.flags).length === 0 ? [] : [heading("options"), ...flagEntries(verb.flags)]),
    ".PP",
    `Flags of every verb are in \\fBhsu\\fR(1), and so are exit codes.`,
    heading("examples"),
    ...(examples[verb.name] ?? []).flatMap(({ does, line }) => [
      ".PP",
      plain(`${does.charAt(0).toUpperCase()}${does.slice(1)}:`),
      ...code([line]),
    ]),
    ...references(["hsu", 1], ["hsu.yaml", 5]),
  ]);

const overviewPage = (version: string): string =>
  page("hsu", 1, version, [
    ...named("hsu", "one supervision tree for everything that can fail"),
    heading("synopsis"),
    "\\fBhsu\\fR \\fIVERB\\fR [\\fIFLAGS\\fR] ...",
    heading("description"),
    plain(
      "A master runs the units of a config as a tree: it starts them in order, restarts what fails, keeps their output, and survives its own end. Verbs that only look never start one. Data goes to stdout and talk to stderr.",
    ),
    heading("verbs"),
    ...verbs.flatMap((verb) => [".TP", `\\fBhsu\\-${plain(verb.name)}\\fR(1)`, plain(`${verb.summary}.`)]),
    heading("options"),
    plain("Flags of every verb, before or behind it."),
    ...flagEntries(globalFlags),
    heading("exit status"),
    ...exitCodes.flatMap(([number, meaning]) => entry(String(number), meaning)),
    ".PP",
    plain(passedOn),
    heading("environment"),
    ...entry("HSU_CONFIG", "the config where none is named"),
    ...entry("HSU_SOCKET, HSU_HOST, HSU_CA, HSU_CERT, HSU_KEY, HSU_TOKEN", "as the flags of these names"),
    ...entry("HSU_RUNTIME_DIR", "the folder of the socket; else $XDG_RUNTIME_DIR/hsu, /run/hsu for root, /tmp/hsu-UID"),
    ...entry("HSU_STATE_DIR", "the folder for logs and state; else $XDG_STATE_HOME/hsu, /var/lib/hsu for root, ~/.local/state/hsu"),
    ...entry("NO_COLOR", "no colours"),
    heading("files"),
    ...entry("./hsu.yaml, $XDG_CONFIG_HOME/hsu/hsu.yaml, /etc/hsu/hsu.yaml", "the config, the first that there is"),
    ...references(...verbs.map(({ name }) => [`hsu-${name}`, 1] as const), ["hsu.yaml", 5]),
  ]);

/** File names and their texts. `config` is docs/reference/config.md. */
export const manual = (version: string, config: string): ReadonlyMap<string, string> =>
  new Map([
    ["hsu.1", overviewPage(version)],
    ...verbs.map((verb) => [`hsu-${verb.name}.1`, verbPage(verb, version)] as const),
    [
      "hsu.yaml.5",
      page("hsu.yaml", 5, version, [
        ...named("hsu.yaml", "the config of hsu"),
        heading("description"),
        ...fromMarkdown(config),
        ...references(["hsu", 1], ["hsu-validate", 1], ["hsu-schema", 1]),
      ]),
    ],
  ]);
