/** Which cases of OTP's supervisor_SUITE are replayed here, and why the others are not. The numbers are those of the list that we replay from. */
import { readdirSync, readFileSync } from "node:fs";
import { parseSync } from "oxc-parser";
import { expect, it } from "vitest";

const folder = "test/conformance";

const cases: Readonly<Record<number, string>> = {
  1: "sup_start_normal",
  2: "sup_start_ignore_init",
  4: "sup_start_ignore_temporary_child",
  5: "sup_start_ignore_temporary_child_start_child",
  7: "sup_start_ignore_permanent_child_start_child_simple",
  8: "sup_start_error_return",
  10: "sup_start_child_returns_error",
  11: "sup_start_restart_child_returns_error",
  13: "sup_start_map",
  14: "sup_start_map_simple",
  16: "sup_stop_infinity",
  17: "sup_stop_timeout",
  19: "sup_stop_brutal_kill",
  20: "sup_stop_brutal_kill_dynamic",
  22: "sup_stop_non_shutdown_exit_dynamic",
  23: "child_adm",
  25: "extra_return",
  26: "child_specs",
  28: "sup_flags",
  29: "multiple_restarts",
  31: "one_for_one_escalation",
  32: "one_for_all",
  34: "one_for_all_other_child_fails_restart",
  35: "simple_one_for_one",
  37: "simple_one_for_one_extra",
  38: "simple_one_for_one_escalation",
  40: "simple_one_for_one_restart_ignore",
  41: "rest_for_one",
  43: "rest_for_one_other_child_fails_restart",
  44: "external_start_no_progress_log",
  46: "transient_normal",
  47: "temporary_normal",
  49: "transient_shutdown",
  50: "temporary_shutdown",
  52: "permanent_abnormal",
  53: "transient_abnormal",
  55: "child_unlink",
  56: "tree",
  58: "nonsignificant_transient",
  59: "significant_temporary",
  61: "significant_simple",
  62: "significant_bystander",
  64: "significant_upgrade_never_any",
  65: "significant_upgrade_any_never",
  67: "significant_upgrade_all_never",
  68: "significant_upgrade_any_all",
  70: "significant_upgrade_child",
  71: "count_children",
  73: "count_restarting_children",
  74: "get_callback_module",
  76: "do_not_save_child_specs_for_temporary_children",
  77: "simple_one_for_one_scale_many_temporary_children",
  79: "simple_global_supervisor",
  80: "hanging_restart_loop",
  82: "hanging_restart_loop_simple",
  83: "code_change",
  85: "code_change_simple",
  86: "code_change_simple_map",
  88: "scale_start_stop_many_children",
  89: "format_log_1",
  91: "already_started_outside_supervisor",
  92: "which_children",
};

const skipped: Readonly<Record<number, string>> = {
  25: "a start gives a ref and nothing beside it. What a child has to say it says through its protocol or, as in 37, through its arguments",
  74: "asked by Erlang's release handler when it loads code; a supervisor here has no callback module",
  89: "the text of a report, cut at a depth. A CrashReport is a value (path, incarnation, reason), and what is made of it is the reporter's",
};

/** Strings and templates of a file, as they are written: titles are among them, comments are not. */
const textsOf = (file: string): ReadonlyArray<string> => {
  const source = readFileSync(file, "utf8");
  const texts: Array<string> = [];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const { type, value, start, end } = node as { type?: string; value?: unknown; start?: number; end?: number };
    if (type === "Literal" && typeof value === "string") texts.push(value);
    if (type === "TemplateLiteral") texts.push(source.slice(start! + 1, end! - 1));
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseSync(file, source).program);
  return texts;
};

const texts = readdirSync(folder)
  .filter((name) => name.endsWith(".test.ts") && name !== "cases.test.ts")
  .flatMap((name) => textsOf(`${folder}/${name}`));

const isReplayed = (number: string, name: string): boolean => texts.some((text) => new RegExp(`(^|[ ,])${number} ${name}\\b`).test(text));

it("each case of the list is either replayed under its number and name, or skipped for a reason", () => {
  expect(Object.keys(cases)).toHaveLength(62);
  const open = Object.entries(cases).filter(([number, name]) => isReplayed(number, name) === number in skipped);
  expect(open).toEqual([]);
  expect(Object.keys(skipped).filter((number) => !(number in cases))).toEqual([]);
});

it("a case that is not there is not found", () => {
  expect([isReplayed("1", "sup_start_normal"), isReplayed("3", "sup_start_normal"), isReplayed("1", "sup_start")]).toEqual([
    true,
    false,
    false,
  ]);
});
