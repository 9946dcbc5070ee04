/**
 * `npm run bench -- [actors] [api] [cli] [config] [logs] [master] [process] [resources] [--rounds N] [--json]`: measures HSU beside its peers, in fresh processes and interleaved rounds.
 * A JSON line for each figure on stdout, a table on stderr. Exit code 1 when a figure that must hold does not; goals
 * are only printed. See docs/bench.md.
 */
import { parseArgs } from "node:util";
import { actorSection } from "./actors/section.ts";
import { apiSection } from "./api/section.ts";
import { cliSection } from "./cli/section.ts";
import { logsSection } from "./logs/section.ts";
import { configSection } from "./config/section.ts";
import { masterSection } from "./master/section.ts";
import { processSection } from "./process/section.ts";
import { resourcesSection } from "./resources/section.ts";
import { collector, table, type Section } from "./report.ts";

const sections: Readonly<Record<string, () => Promise<Section>>> = {
  actors: actorSection,
  api: apiSection,
  cli: cliSection,
  config: configSection,
  logs: logsSection,
  master: masterSection,
  process: processSection,
  resources: resourcesSection,
};

const usage = `usage: npm run bench -- ${Object.keys(sections)
  .map((name) => `[${name}]`)
  .join(" ")} [--rounds N] [--json]`;

const asked = () => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        rounds: { type: "string", default: "5" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
};

const { positionals, values } = asked();
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const rounds = Number(values.rounds);
const unknown = positionals.filter((name) => sections[name] === undefined);
if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
  console.error(usage);
  process.exit(2);
}

const say = (text: string): void => {
  if (!values.json) console.error(text);
};

const names = positionals.length > 0 ? positionals : Object.keys(sections);
const { line, record } = collector();
const chosen: Array<Section> = [];
try {
  for (const name of names) chosen.push(await sections[name]!());
  for (let number = 0; number < rounds; number++) {
    say(`round ${number + 1} of ${rounds}`);
    for (const section of chosen) await section.round(number, record);
  }
} finally {
  for (const section of chosen) await section.end();
}

const lines = chosen.flatMap((section) => section.figures).map(line);
for (const each of lines) console.log(JSON.stringify(each));
say(`\n${table(lines)}`);
for (const note of chosen.flatMap((section) => section.notes ?? [])) say(note);
const broken = lines.filter((each) => each.holds === false);
for (const each of broken)
  say(`does not hold: ${each.bench} must be ${each.limit}, is ${each.hsu} ${each.unit}, ${each.ratio} x ${each.peerName}`);
for (const each of lines.filter((line) => line.reached === false))
  say(`goal not reached: ${each.bench} is to be ${each.goal}, is ${each.hsu} ${each.unit}, ${each.ratio} x ${each.peerName}`);
process.exitCode = broken.length > 0 ? 1 : 0;
