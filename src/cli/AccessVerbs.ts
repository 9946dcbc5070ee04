/**
 * The verbs about who may do what, and who did.
 */
import { output } from "./OutputFlag.ts";
import type { VerbSpec } from "./Verbs.ts";

export const accessVerbs: ReadonlyArray<VerbSpec> = [
  {
    name: "token",
    summary: "Make, list and revoke tokens for those who come over a network",
    details:
      "They are good for the HTTP API, for hsu --host and other masters, and for gRPC.\n" +
      "create NAME prints a new token, once; list shows what they are for; revoke NAME ends one at once.\n" +
      "A viewer may look, an operator may command units, an admin may end the master.",
    operands: [
      { name: "ACTION", required: true },
      { name: "NAME", required: false },
    ],
    flags: {
      role: { type: ["viewer", "operator", "admin"], help: "create: what it is for (viewer)" },
      group: { type: "text", value: "GROUP", help: "create: good for the units of this group alone" },
      expires: { type: "duration", value: "TIME", help: "create: how long it is good (for ever)" },
      output: output("table", "json", "yaml"),
    },
    load: () => import("./verbs/token.ts"),
  },
  {
    name: "audit",
    summary: "Show who did what, and whether that is still as it was written",
    details:
      "show (or nothing) prints each record of the audit log; verify tells the first place where its chain breaks, with exit code 1.\n" +
      "The master is asked where it runs, its files are read where it does not.",
    operands: [{ name: "ACTION", required: false }],
    flags: {
      since: { type: "duration", value: "TIME", help: "what is no older (all)" },
      who: { type: "text", value: "NAME", help: "a token, a certificate, a uid, an address or a door" },
      unit: { type: "text", value: "UNIT", help: "what was done to it" },
      file: { type: "text", value: "PATH", help: "this log, and not that of the master" },
      output: output("text", "json"),
    },
    load: () => import("./verbs/audit.ts"),
  },
];
