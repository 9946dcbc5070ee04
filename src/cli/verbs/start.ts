/**
 * `hsu start UNIT…`
 */
import type { Verb } from "../Verbs.ts";
import { each } from "./each.ts";

export const run: Verb = each({ name: "start", command: (call, unit) => call.Start({ unit }) });
