/**
 * `hsu restart UNIT…`
 */
import type { Verb } from "../Verbs.ts";
import { each } from "./each.ts";

export const run: Verb = each({ name: "restart", command: (call, unit) => call.Restart({ unit }) });
