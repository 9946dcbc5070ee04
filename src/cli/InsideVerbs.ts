/**
 * Verbs that reach into a unit: its services, its environment. Part of the verb table.
 */
import { output } from "./OutputFlag.ts";
import type { VerbSpec } from "./Verbs.ts";

export const insideVerbs: ReadonlyArray<VerbSpec> = [
  {
    name: "call",
    summary: "Call a method of a unit's own gRPC services",
    details:
      "METHOD is package.Service/Method, JSON its request ({} without it, - reads it from stdin); each reply is one line of JSON.\n" +
      "Without METHOD: what the unit serves. The unit has to serve gRPC server reflection.",
    operands: [
      { name: "UNIT", required: true },
      { name: "METHOD", required: false },
      { name: "JSON", required: false },
    ],
    flags: {
      timeout: { type: "duration", value: "TIME", help: "how long the whole of it may take (30s); then exit code 124" },
      output: output("text", "json"),
    },
    load: () => import("./verbs/call.ts"),
  },
  {
    name: "attach",
    summary: "Show what a unit writes, and write to it",
    details:
      "Lines of both its outputs as they come, over its restarts. What is typed goes to its standard input, a line at a time, where its config says\n" +
      "control.stdin: pipe. Ctrl-P Ctrl-Q, Ctrl-C or the end of the input leave it; it runs on.",
    operands: [{ name: "UNIT", required: true }],
    flags: { "no-stdin": { type: "boolean", help: "look only" } },
    load: () => import("./verbs/attach.ts"),
  },
  {
    name: "exec",
    summary: "Run a command in the environment of a unit",
    details:
      "In its folder, with its variables and secrets, in its control group and under its limits; what it writes is ours, and what we are told is its own.\n" +
      "Its exit code is this one's (128 and the number of a signal; 126 or 127: it was not started). It ends when this ends.",
    operands: [
      { name: "UNIT", required: true },
      { name: "-- COMMAND", required: true, many: true },
    ],
    flags: {
      tty: { type: "boolean", short: "t", help: "give it a terminal: for a shell, or whatever draws a screen" },
      "no-stdin": { type: "boolean", help: "give it no input" },
      standalone: { type: "boolean", help: "also where the unit does not run: then without its limits" },
    },
    ownsSignals: true,
    load: () => import("./verbs/exec.ts"),
  },
];
