/**
 * `hsu restart [--rolling] UNIT…`
 */
import type { Verb } from "../Verbs.ts";
import { each } from "./each.ts";
import * as Rolling from "./rolling.ts";

const restart = each({ name: "restart", command: (call, unit) => call.Restart({ unit }) });

export const run: Verb = (invocation) => (invocation.flags["rolling"] === true ? Rolling.run(invocation) : restart(invocation));
