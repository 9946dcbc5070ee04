/** All cases of OTP's supervisor_SUITE (OTP 28), in its order: which are replayed here, and why the others are not. */
import { readdirSync, readFileSync } from "node:fs";
import { parseSync } from "oxc-parser";
import { expect, it } from "vitest";

const folder = "test/conformance";

const cases: Readonly<Record<number, string>> = {
  1: "sup_start_normal",
  2: "sup_start_ignore_init",
  3: "sup_start_ignore_child",
  4: "sup_start_ignore_temporary_child",
  5: "sup_start_ignore_temporary_child_start_child",
  6: "sup_start_ignore_temporary_child_start_child_simple",
  7: "sup_start_ignore_permanent_child_start_child_simple",
  8: "sup_start_error_return",
  9: "sup_start_fail",
  10: "sup_start_child_returns_error",
  11: "sup_start_restart_child_returns_error",
  12: "sup_start_child_returns_error_simple",
  13: "sup_start_map",
  14: "sup_start_map_simple",
  15: "sup_start_map_faulty_specs",
  16: "sup_stop_infinity",
  17: "sup_stop_timeout",
  18: "sup_stop_timeout_dynamic",
  19: "sup_stop_brutal_kill",
  20: "sup_stop_brutal_kill_dynamic",
  21: "sup_stop_race",
  22: "sup_stop_non_shutdown_exit_dynamic",
  23: "child_adm",
  24: "child_adm_simple",
  25: "extra_return",
  26: "child_specs",
  27: "child_specs_map",
  28: "sup_flags",
  29: "multiple_restarts",
  30: "one_for_one",
  31: "one_for_one_escalation",
  32: "one_for_all",
  33: "one_for_all_escalation",
  34: "one_for_all_other_child_fails_restart",
  35: "simple_one_for_one",
  36: "simple_one_for_one_shutdown",
  37: "simple_one_for_one_extra",
  38: "simple_one_for_one_escalation",
  39: "simple_one_for_one_corruption",
  40: "simple_one_for_one_restart_ignore",
  41: "rest_for_one",
  42: "rest_for_one_escalation",
  43: "rest_for_one_other_child_fails_restart",
  44: "external_start_no_progress_log",
  45: "permanent_normal",
  46: "transient_normal",
  47: "temporary_normal",
  48: "permanent_shutdown",
  49: "transient_shutdown",
  50: "temporary_shutdown",
  51: "faulty_application_shutdown",
  52: "permanent_abnormal",
  53: "transient_abnormal",
  54: "temporary_abnormal",
  55: "child_unlink",
  56: "tree",
  57: "nonsignificant_temporary",
  58: "nonsignificant_transient",
  59: "significant_temporary",
  60: "significant_transient",
  61: "significant_simple",
  62: "significant_bystander",
  63: "significant_escalation",
  64: "significant_upgrade_never_any",
  65: "significant_upgrade_any_never",
  66: "significant_upgrade_never_all",
  67: "significant_upgrade_all_never",
  68: "significant_upgrade_any_all",
  69: "significant_upgrade_all_any",
  70: "significant_upgrade_child",
  71: "count_children",
  72: "count_children_supervisor",
  73: "count_restarting_children",
  74: "get_callback_module",
  75: "do_not_save_start_parameters_for_temporary_children",
  76: "do_not_save_child_specs_for_temporary_children",
  77: "simple_one_for_one_scale_many_temporary_children",
  78: "temporary_bystander",
  79: "simple_global_supervisor",
  80: "hanging_restart_loop",
  81: "hanging_restart_loop_rest_for_one",
  82: "hanging_restart_loop_simple",
  83: "code_change",
  84: "code_change_map",
  85: "code_change_simple",
  86: "code_change_simple_map",
  87: "order_of_children",
  88: "scale_start_stop_many_children",
  89: "format_log_1",
  90: "format_log_2",
  91: "already_started_outside_supervisor",
  92: "which_children",
  93: "which_children_simple_one_for_one",
};

const skipped: Readonly<Record<number, string>> = {
  74: "asked by Erlang's release handler when it loads code; a supervisor here has no callback module",
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
  expect(Object.keys(cases)).toHaveLength(93);
  const open = Object.entries(cases).filter(([number, name]) => isReplayed(number, name) === number in skipped);
  expect(open).toEqual([]);
  expect(Object.keys(skipped).filter((number) => !(number in cases))).toEqual([]);
});

it("a case that is not there is not found", () => {
  expect([isReplayed("1", "sup_start_normal"), isReplayed("94", "sup_start_normal"), isReplayed("1", "sup_start")]).toEqual([
    true,
    false,
    false,
  ]);
});
