/**
 * `hsu stop UNIT…`
 */
import type { Verb } from "../Verbs.ts";
import { each } from "./each.ts";

export const run: Verb = each({ name: "stop", command: (call, unit) => call.Stop({ unit }), atOnce: true });
