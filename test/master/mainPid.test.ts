import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { marked } from "../marked.ts";
import { notifier, python } from "../programs/python.ts";
import { eventsOf, unit, until, withMaster } from "./support.ts";

const yaml = (...steps: ReadonlyArray<string>): string =>
  JSON.stringify({
    managed_processes: [
      {
        id: "web",
        management: {
          control: { executable: python, arguments: [notifier, ...steps], start: "notify" },
          restart_policy: { strategy: "always", restart_delay: "10ms" },
        },
      },
    ],
  });

describe.skipIf(python === null)("a unit that names another of its processes as its main one (needs python3)", () => {
  it.each(["hand-over", "daemon"])("%s: goes on with that one: whoever was started may end, and a stop ends the other", (how) =>
    withMaster(yaml(how, "READY=1\\nSTATUS=second", "hang"), ({ control, mark }) =>
      Effect.gen(function* () {
        // The second process may speak before its parent has named it.
        const web = yield* until(unit(control, "web"), ({ pid, ready, reason }) => {
          const pids = marked(mark);
          return ready && reason === "second" && pids.length === 1 && pids[0] === pid;
        });
        expect(web).toMatchObject({ state: "running", restarts: 0 });
        const named = (yield* eventsOf(control)).filter(({ type }) => type === "mainpid").map(({ message }) => message);
        expect(named).toEqual([expect.stringMatching(new RegExp(`^goes on as pid ${web.pid}, says pid [0-9]+$`))]);
        yield* control.stop("web");
        expect(marked(mark)).toEqual([]);
        expect(yield* unit(control, "web")).toMatchObject({ state: "stopped", pid: null });
      }),
    ),
  );

  it.each(["hand-over", "daemon"])("%s: its end is the unit's, and what it leaves is ended", (how) =>
    withMaster(yaml(how, "READY=1", "child-hang", "hang"), ({ control, mark }) =>
      Effect.gen(function* () {
        // The second process may speak before its parent has named it.
        const first = yield* until(unit(control, "web"), ({ pid, state }) => {
          const pids = marked(mark);
          return state === "running" && pids.length === 2 && pids.includes(pid!);
        });
        process.kill(first.pid!, "SIGKILL");
        const next = yield* until(unit(control, "web"), ({ pid, ready }) => ready && pid !== null && pid !== first.pid);
        expect(next).toMatchObject({ state: "running", restarts: 1 });
        yield* control.stop("web");
        yield* until(
          Effect.sync(() => marked(mark)),
          (pids) => pids.length === 0,
        );
      }),
    ),
  );
});
