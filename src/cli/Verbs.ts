/**
 * The verb table: the one source of what can be typed, of its help and of its checks.
 */
import type * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { accessVerbs } from "./AccessVerbs.ts";
import type { Explained, OutputClosed } from "./Errors.ts";
import type { ExitCode } from "./ExitCode.ts";
import { follow, watch } from "./FollowFlags.ts";
import { insideVerbs } from "./InsideVerbs.ts";
import { output } from "./OutputFlag.ts";
import type { Invocation } from "./Invocation.ts";

/** A flag. `boolean` takes no value, `duration` becomes milliseconds, a list is a choice of words. */
export interface FlagSpec {
  readonly type: "boolean" | "text" | "count" | "duration" | ReadonlyArray<string>;
  readonly short?: string;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly help: string;
}

/** Words behind the verb. */
export interface OperandSpec {
  readonly name: string;
  readonly required: boolean;
  /** The last one may come more than once. */
  readonly many?: boolean;
}

/** Does what a verb says. An error with `_tag`, `message`, `code` and `hint` is shown, and decides the exit code. */
export type Verb = (invocation: Invocation) => Effect.Effect<ExitCode, (Explained & { readonly _tag: string }) | OutputClosed, Scope.Scope>;

export interface VerbSpec {
  readonly name: string;
  readonly aliases?: ReadonlyArray<string>;
  readonly summary: string;
  readonly details?: string;
  readonly operands: ReadonlyArray<OperandSpec>;
  readonly flags: Readonly<Record<string, FlagSpec>>;
  /** It answers SIGINT and SIGTERM itself; other verbs end at once. */
  readonly ownsSignals?: boolean;
  /** The doing, loaded only when it is to be done. */
  readonly load: () => Promise<{ readonly run: Verb }>;
}

const file: OperandSpec = { name: "FILE", required: false };
const units: OperandSpec = { name: "UNIT", required: true, many: true };
const many =
  "UNIT is a unit's id, a group's, a pattern such as 'worker-*', or all; of what only a group or a pattern names, those that it makes sense for.";
const outputFile: FlagSpec = { type: "text", short: "O", value: "FILE", help: "write it there; a file that is there already stays" };

/** In the order of the help. */
export const verbs: ReadonlyArray<VerbSpec> = [
  {
    name: "up",
    summary: "Run the tree of a config",
    details:
      "In the foreground: Ctrl-C or SIGTERM stops every unit in reverse order, a second one kills what is left.\n" +
      "Without FILE: $HSU_CONFIG, ./hsu.yaml, $XDG_CONFIG_HOME/hsu/hsu.yaml, /etc/hsu/hsu.yaml.",
    operands: [file],
    flags: {
      detach: { type: "boolean", short: "d", help: "run in the background; return when the master answers" },
      timeout: { type: "duration", value: "TIME", help: "with -d: how long to wait for it (30s)" },
    },
    ownsSignals: true,
    load: () => import("./verbs/up.ts"),
  },
  {
    name: "init",
    summary: "Write a config from what is in this folder",
    details:
      "To hsu.yaml, from what it finds of supervisord.conf, ecosystem.config.json, Procfile, a Compose file and package.json; several are put together.\n" +
      "What has no counterpart is told on stderr, with its place. A hsu.yaml that is there already is left alone.",
    operands: [],
    flags: { "output-file": { ...outputFile, help: "write it there (hsu.yaml)" } },
    load: () => import("./verbs/init.ts"),
  },
  {
    name: "validate",
    summary: "Check a config, start nothing",
    details: "Prints all errors at once, with file, line and column; with -o json an object a line. Exit code 2 if there is any.",
    operands: [file],
    flags: { output: output("text", "json", "yaml"), all: { type: "boolean", help: "every finding, not a hundred" } },
    load: () => import("./verbs/validate.ts"),
  },
  {
    name: "convert",
    summary: "Write a config of any dialect as one of HSU's own",
    details: "To stdout, with its comments. Relative paths in it start at its folder: put the new file beside the old one.",
    operands: [file],
    flags: {},
    load: () => import("./verbs/convert.ts"),
  },
  {
    name: "eject",
    summary: "Write a config as the TypeScript that makes the same tree",
    details:
      "For who goes on in code: with `hsu/master`, and the same plan. Put it beside the config, or where -O says: relative paths start there.",
    operands: [file],
    flags: { "output-file": outputFile },
    load: () => import("./verbs/eject.ts"),
  },
  {
    name: "import",
    summary: "Write what another supervisor runs as a config of HSU",
    details:
      "KIND is systemd, supervisord, pm2, procfile or compose. To stdout; what has no counterpart is told on stderr, with its place.\n" +
      "Relative paths in it start at the folder of the first FILE, or of -O: put the config there.",
    operands: [
      { name: "KIND", required: true },
      { name: "FILE", required: true, many: true },
    ],
    flags: { "output-file": outputFile, "allow-js": { type: "boolean", help: "run an ecosystem file of pm2 that is code" } },
    load: () => import("./verbs/import.ts"),
  },
  {
    name: "schema",
    summary: "Print the JSON Schema of a config, for editors",
    details:
      "Put it into a file, and into the first line of a config: # yaml-language-server: $schema=hsu.schema.json\n" +
      "With a COMMAND, as `hsu schema status`, that of what it prints with -o json.",
    operands: [{ name: "COMMAND", required: false, many: true }],
    flags: {},
    load: () => import("./verbs/schema.ts"),
  },
  {
    name: "plan",
    summary: "Show what a config would change",
    details:
      "Compares FILE with what the running master runs, or with the file of --from, and changes nothing.\n" +
      "With --detailed-exitcode: 0 no changes, 2 changes, 1 an error.",
    operands: [file],
    flags: {
      from: { type: "text", value: "FILE", help: "compare with this config instead of the running master" },
      "detailed-exitcode": { type: "boolean", help: "exit code 2 when there are changes" },
      output: output("text", "json"),
    },
    load: () => import("./verbs/plan.ts"),
  },
  {
    name: "apply",
    summary: "Make the running master run a config",
    details:
      "Units whose spec is the same are not touched; a change that fails is taken back as a whole.\n" +
      "The next start of the master reads its own file again.",
    operands: [file],
    flags: { output: output("text", "json") },
    load: () => import("./verbs/apply.ts"),
  },
  {
    name: "history",
    summary: "Show the configs that the master has run",
    operands: [],
    flags: { output: output("table", "json", "yaml") },
    load: () => import("./verbs/history.ts"),
  },
  {
    name: "diff",
    summary: "Show what has changed since a revision",
    details: "From revision REV to what runs now; without REV: from the revision before.",
    operands: [{ name: "REV", required: false }],
    flags: { output: output("text", "json") },
    load: () => import("./verbs/diff.ts"),
  },
  {
    name: "rollback",
    summary: "Go back to a config of the history",
    details: "Without REV: to the revision before. It is applied like any other, and is a new revision.",
    operands: [{ name: "REV", required: false }],
    flags: { output: output("text", "json") },
    load: () => import("./verbs/rollback.ts"),
  },
  {
    name: "status",
    aliases: ["ps"],
    summary: "Show the units",
    details: "Of units, groups or patterns, or of all. Exit code 3 if no master is running, or if a unit that should run does not.",
    operands: [{ name: "UNIT", required: false, many: true }],
    flags: {
      ...watch,
      output: output("table", "json", "yaml", "name"),
    },
    load: () => import("./verbs/status.ts"),
  },
  {
    name: "tree",
    summary: "Show the supervision tree",
    operands: [],
    flags: { output: output("text", "json", "yaml") },
    load: () => import("./verbs/tree.ts"),
  },
  { name: "start", summary: "Start units", details: many, operands: [units], flags: {}, load: () => import("./verbs/start.ts") },
  {
    name: "stop",
    summary: "Stop units, and keep them stopped",
    details: many,
    operands: [units],
    flags: {},
    load: () => import("./verbs/stop.ts"),
  },
  {
    name: "restart",
    summary: "Stop units and start them again",
    details: `${many}\nOne after the other; with --rolling, so that of several that are alike (count) never more than max_unavailable are out.`,
    operands: [units],
    flags: { rolling: { type: "boolean", help: "each can be used again before the next one goes; the first that cannot ends it" } },
    load: () => import("./verbs/restart.ts"),
  },
  {
    name: "wait",
    summary: "Wait until units are as they should be",
    details:
      "--for=ready (without it), running, healthy, completed, stopped, or exit: its process ends, and its exit code is this one's.\n" +
      "Exit code 1 as soon as a unit has failed for good, so that it will not be.",
    operands: [units],
    flags: {
      for: { type: ["ready", "running", "healthy", "completed", "stopped", "exit"], help: "what to wait for (ready)" },
      timeout: { type: "duration", value: "TIME", help: "how long (for ever); then exit code 124" },
    },
    load: () => import("./verbs/wait.ts"),
  },
  {
    name: "reload",
    summary: "Have units read their configuration again",
    details: "Sends each the reload_signal of its config, usually HUP.",
    operands: [units],
    flags: {},
    load: () => import("./verbs/reload.ts"),
  },
  {
    name: "reset-failed",
    summary: "Forget the failures of units",
    details:
      "A failed unit is simply stopped again; one that waits for its backoff, or whose circuit breaker is open, starts now.\nWithout UNIT: all units.",
    operands: [{ name: "UNIT", required: false, many: true }],
    flags: {},
    load: () => import("./verbs/resetFailed.ts"),
  },
  {
    name: "describe",
    summary: "Show all that is known of a unit",
    operands: [{ name: "UNIT", required: true }],
    flags: { output: output("text", "json", "yaml") },
    load: () => import("./verbs/describe.ts"),
  },
  {
    name: "top",
    summary: "Show what units use of the machine",
    details:
      "On a terminal it is drawn again and again: c, m, i and n order it, / filters it, up and down mark a unit that k signals (it asks first), q ends it.\n" +
      "Elsewhere, or with --once, once. With -o json one object a line.",
    operands: [{ name: "UNIT", required: false }],
    flags: {
      once: { type: "boolean", help: "look once" },
      interval: { type: "duration", value: "TIME", help: "between two looks (2s)" },
      sort: { type: ["cpu", "memory", "io", "name"], help: "who comes first (cpu)" },
      history: { type: "boolean", help: "with -o json: also what was seen before" },
      output: output("table", "json"),
    },
    load: () => import("./verbs/top.ts"),
  },
  {
    name: "signal",
    summary: "Send a signal to a unit's processes",
    details: "SIGNAL is a name or a number: HUP, SIGHUP, 1.",
    operands: [
      { name: "UNIT", required: true },
      { name: "SIGNAL", required: true },
    ],
    flags: {},
    load: () => import("./verbs/signal.ts"),
  },
  {
    name: "logs",
    summary: "Show what units have written",
    details:
      "Both streams of a unit go to stdout, in the order in which they were read. Several units come one after the other.\n" +
      "UNIT is an id, a group, a pattern such as 'w*', or all.\n" +
      "TIME is a duration (10m: ten minutes ago), a date or a time as 2026-01-31T12:00:00Z.",
    operands: [units],
    flags: {
      ...follow,
      lines: { type: "count", short: "n", value: "N", help: "the last N lines (100; with a flag below: all)" },
      tail: { type: "count", value: "N", help: "the same" },
      since: { type: "text", value: "TIME", help: "written then or later" },
      until: { type: "text", value: "TIME", help: "written before that" },
      grep: { type: "text", value: "REGEX", help: "lines that match" },
      level: { type: ["trace", "debug", "info", "warn", "error", "fatal"], help: "lines that say they are of this level or a graver one" },
      merge: { type: "boolean", help: "lines of several units in the order of their times" },
      output: output("text", "json"),
    },
    load: () => import("./verbs/logs.ts"),
  },
  {
    name: "events",
    summary: "Show what has happened in the tree",
    operands: [],
    flags: {
      ...follow,
      since: { type: "count", value: "SEQ", help: "from this sequence number on (0: all that are kept)" },
      output: output("text", "json"),
    },
    load: () => import("./verbs/events.ts"),
  },
  ...insideVerbs,
  {
    name: "peer",
    summary: "Add, list and remove other masters",
    details:
      "add NAME ADDRESS has the master of this machine connect to the one at ADDRESS, with --ca, --cert and --key, or --token ($HSU_TOKEN).\n" +
      "Its units are NAME/UNIT from then on: hsu stop NAME/web. What may be done there is said there.",
    operands: [
      { name: "ACTION", required: true },
      { name: "NAME", required: false },
      { name: "ADDRESS", required: false },
    ],
    flags: {
      heartbeat: { type: "duration", value: "TIME", help: "add: how often it has to give a sign of life (5s)" },
      output: output("table", "json", "yaml"),
    },
    load: () => import("./verbs/peer.ts"),
  },
  ...accessVerbs,
  {
    name: "upgrade",
    summary: "Put this version of hsu in the place of the master that runs",
    details: "The units run on. A version that does not take the master's config is refused.",
    operands: [],
    flags: { timeout: { type: "duration", value: "TIME", help: "how long to wait for the new master (30s); then exit code 124" } },
    load: () => import("./verbs/upgrade.ts"),
  },
  {
    name: "down",
    summary: "Stop all units and the master",
    operands: [],
    flags: { timeout: { type: "duration", value: "TIME", help: "how long to wait for its end (60s); then exit code 124" } },
    load: () => import("./verbs/down.ts"),
  },
  {
    name: "explain",
    summary: "Tell what an error is about",
    details: "CODE is what errors end with: HSU-UNIT-002. Prints its page of the documentation.",
    operands: [{ name: "CODE", required: true }],
    flags: {},
    load: () => import("./verbs/explain.ts"),
  },
  {
    name: "doctor",
    summary: "Tell whether this machine has what a master needs",
    details:
      "Looks, and changes nothing: folders, config, the master that runs, control groups, limits. Exit code 1 if something is in the way.",
    operands: [file],
    flags: { output: output("text", "json") },
    load: () => import("./verbs/doctor.ts"),
  },
  {
    name: "install",
    summary: "Print what has systemd or launchd run a master",
    details:
      "hsu install systemd FILE > ~/.config/systemd/user/hsu.service && systemctl --user enable --now hsu\n" +
      "With --system for the whole machine, in /etc/systemd/system. The units outlive a crash of the master, and are ended with an orderly stop.",
    operands: [
      { name: "MANAGER", required: true },
      { name: "FILE", required: false },
    ],
    flags: { system: { type: "boolean", help: "for the machine, not for this user" } },
    load: () => import("./verbs/install.ts"),
  },
  {
    name: "completion",
    summary: "Print what completes verbs, flags and units in a shell",
    details: 'eval "$(hsu completion bash)"; hsu completion zsh > ~/.zfunc/_hsu; hsu completion fish | source',
    operands: [{ name: "SHELL", required: true }],
    flags: {},
    load: () => import("./verbs/completion.ts"),
  },
  { name: "version", summary: "Show the version", operands: [], flags: {}, load: () => import("./verbs/version.ts") },
  {
    name: "help",
    summary: "Show how to use a verb",
    operands: [{ name: "VERB", required: false }],
    flags: {},
    load: () => import("./verbs/help.ts"),
  },
];

/** By name or alias. */
export const verbNamed = (name: string): VerbSpec | undefined =>
  verbs.find((verb) => verb.name === name || verb.aliases?.includes(name) === true);

/** Every word that names a verb. */
export const verbNames: ReadonlyArray<string> = verbs.flatMap((verb) => [verb.name, ...(verb.aliases ?? [])]);
