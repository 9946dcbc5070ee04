/** All 73 cases of OTP's gen_server_SUITE: which are replayed here, and why the others are not. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const replayed = [
  ..."start start_event_timeout start_event_timeout_zero stop1 stop2 stop3 crash loop_start_fail".split(" "),
  ..."call send_request calling_self call_with_huge_message_queue reply_by_alias_with_payload".split(" "),
  ..."send_request_receive_reqid_collection send_request_wait_reqid_collection send_request_check_reqid_collection".split(" "),
  ..."cast info continue handle_event_timeout handle_event_timeout_zero handle_event_timeout_plain".split(" "),
  ..."multicall multicall_down multicall_recv_opt_success multicall_recv_opt_timeout otp_7669".split(" "),
  ..."call_format_status error_format_status terminate_crash_format crash_in_format_status throw_in_format_status format_all_status".split(
    " ",
  ),
  ..."get_state replace_state undef_handle_call undef_handle_cast undef_handle_continue undef_handle_info undef_init".split(" "),
  ..."undef_terminate1 undef_terminate2 undef_in_terminate undef_in_handle_info".split(" "),
];

const skipped: Readonly<Record<string, ReadonlyArray<string>>> = {
  "names of other nodes; refs of other masters come with the control surface": [
    ..."stop4 stop5 stop6 stop7 stop8 stop9 stop10 call_remote1 call_remote2 call_remote3 call_remote_n1 call_remote_n2 call_remote_n3".split(
      " ",
    ),
    ..."cast_fast abcast multicall_remote multicall_remote_old1 multicall_remote_old2 multicall_recv_opt_noconnection".split(" "),
  ],
  "a process that enters the server's loop by hand; an actor is only ever started":
    "spec_init spec_init_local_registered_parent spec_init_global_registered_parent otp_5854".split(" "),
  "a heap of one's own to be shrunk; all actors share one": ["hibernate", "auto_hibernate"],
  "code is not changed under a running actor; what it runs is replaced by its supervisor's reconfiguration": ["undef_code_change"],
  "the text of a report; a CrashReport is a value, and what is made of it is the reporter's": [
    "format_log_1",
    "format_log_2",
    "format_log_with_process_label",
  ],
};

const folder = "test/conformance";
const sources = readdirSync(folder)
  .filter((name) => /^server.*\.test\.ts$/.test(name) && name !== "serverCases.test.ts")
  .map((name) => readFileSync(`${folder}/${name}`, "utf8"));
const titles = sources.flatMap((source) => [...source.matchAll(/(?:it\.effect\(\s*|\[)["`]([^"`]+)["`]/g)].map(([, title]) => title!));
const named = (name: string): boolean => titles.some((title) => title.split(":")[0]!.split(", ").includes(name));

it("each of the 73 cases is replayed under its name or skipped for a reason, not both", () => {
  const all = [...replayed, ...Object.values(skipped).flat()];
  expect([all.length, new Set(all).size]).toEqual([73, 73]);
  expect(replayed.filter((name) => !named(name))).toEqual([]);
  expect(Object.values(skipped).flat().filter(named)).toEqual([]);
});
