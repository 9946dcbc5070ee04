/**
 * `hsu reload UNIT…`
 */
import type { Verb } from "../Verbs.ts";
import { each } from "./each.ts";

export const run: Verb = each({ name: "reload", command: (call, unit) => call.Reload({ unit }) });
