/**
 * `hsu reload UNIT…`
 */
import type { Verb } from "../Verbs.ts";
import { each } from "./each.ts";

export const run: Verb = each((call, unit) => call.Reload({ unit }));
