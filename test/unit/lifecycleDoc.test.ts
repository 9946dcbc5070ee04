import { expect, it } from "vitest";
import { readFileSync, writeFileSync } from "node:fs";
import { Lifecycle } from "../../src/unit/index.ts";

const { commands, reports, states, step } = Lifecycle;
const file = "docs/reference/lifecycle.md";

const row = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`;
const tableOf = (head: ReadonlyArray<string>, body: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...body].map(row).join("\n");

const commandTable = tableOf(
  ["state", ...commands],
  states.map((state) => [
    `\`${state}\``,
    ...commands.map((command) => {
      const next = step(state, command);
      return next === null ? "–" : `${next.state}, \`${next.action}\``;
    }),
  ]),
);

const meaning: Record<Lifecycle.Report, string> = {
  restarting: "the supervisor starts the child again by itself, at once or after its backoff",
  starting: "a process runs whose start is not complete: it has to say that it is ready, or to end with success",
  started: "the process runs",
  completed: "a one-shot has ended with success; it counts as up",
  startFailed: "a start failed",
  stopping: "the supervisor has asked the child to end",
  ended: "it ended as asked, or by itself and not as a failure, and stays down",
  waiting: "the same of a unit that has a next start, by its schedule or by a connection",
  blocked: "its start has found that it has to wait for other units, and begins again when it has not",
  crashed: "it failed, and stays down",
};
const reportTable = tableOf(
  ["report", "it means", "next state"],
  reports.map((report) => [`\`${report}\``, meaning[report], step("running", report)!.state]),
);

const put = (text: string, mark: string, table: string): string =>
  text.replace(new RegExp(`(<!-- ${mark} -->\\n)(\\n\\|[^]*?\\n(?=\\n))?`), `$1\n${table}\n`);

it("the lifecycle page shows the table of the code", () => {
  const text = readFileSync(file, "utf8");
  const drawn = put(put(text, "commands", commandTable), "reports", reportTable);
  if (process.env["HSU_WRITE_DOCS"] === "1") writeFileSync(file, drawn);
  expect(text).toBe(drawn);
});
