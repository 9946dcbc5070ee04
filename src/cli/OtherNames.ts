/**
 * What systemctl, supervisorctl, pm2, kubectl and others call what hsu does: words that nobody comes upon by correcting a letter.
 */
import type { FlagSpec, VerbSpec } from "./Verbs.ts";

const verbs: Readonly<Record<string, string>> = {
  list: "status",
  ls: "status",
  get: "status",
  avail: "status",
  "list-units": "status",
  show: "describe",
  inspect: "describe",
  info: "describe",
  kill: "signal",
  tail: "logs",
  journal: "logs",
  maintail: "logs",
  monit: "top",
  monitor: "top",
  stats: "top",
  shutdown: "down",
  "daemon-reload": "apply",
  update: "apply",
  reread: "plan",
  check: "validate",
  lint: "validate",
  test: "validate",
  run: "up",
  serve: "up",
  fg: "attach",
  undo: "rollback",
  clear: "reset-failed",
  rs: "restart",
};

const notes: Readonly<Record<string, string>> = {
  enable: "write `enabled: true` at the unit in the config, and `hsu apply`",
  disable: "write `enabled: false` at the unit in the config, and `hsu apply`",
  add: "add the unit to the config, and `hsu apply`",
  rm: "take the unit out of the config, and `hsu apply`",
  remove: "take the unit out of the config, and `hsu apply`",
  delete: "take the unit out of the config, and `hsu apply`",
  scale: "change the `count` of the unit in the config, and `hsu apply`",
};

const own = (table: Readonly<Record<string, string>>, word: string): string | undefined =>
  Object.hasOwn(table, word) ? table[word] : undefined;

/** The hint for who types a verb of another program. */
export const otherVerb = (word: string): string | undefined => {
  const verb = own(verbs, word);
  return verb === undefined ? own(notes, word) : `did you mean \`hsu ${verb}\`?`;
};

/** The hint for who types a flag of another program. */
export const otherFlag = (rawName: string, verb: VerbSpec | undefined, known: Readonly<Record<string, FlagSpec>>): string | undefined => {
  const name = rawName.replace(/^-+/, "");
  if ((name === "json" || name === "yaml") && Object.hasOwn(known, "output")) return `did you mean -o ${name}?`;
  if (["c", "f", "config", "file"].includes(name) && (verb === undefined || verb.operands.some((operand) => operand.name === "FILE")))
    return `the config is named without a flag: hsu ${verb?.name ?? "up"} FILE`;
  if (name === "all" && verb?.operands.some((operand) => operand.name === "UNIT") === true) return `did you mean \`hsu ${verb.name} all\`?`;
  return undefined;
};
