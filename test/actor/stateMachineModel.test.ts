/** Random scripts of events against a model of gen_statem's event queue that fits on a page. */
import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { StateMachine } from "../../src/actor/index.ts";
import { settled, system, until } from "./actors.ts";
import { event, probe, tell, type Then, Trace } from "./machines.ts";

type State = "a" | "b" | "c";

/** What an event does in a state. Inserted events do less and less, so that every script ends. */
interface Rule {
  readonly to: State | "keep" | "repeat";
  readonly postpone: boolean;
  readonly insert: ReadonlyArray<Event>;
  /** Timeouts of zero, or none that is set now. */
  readonly timeouts: ReadonlyArray<"state" | "event" | "x" | "cancel state" | "cancel x">;
}
interface Event {
  readonly id: string;
  readonly rules: Readonly<Record<State, Rule>>;
  readonly takesTime: boolean;
}

/** gen_statem's loop: queue, postponed, zero timeouts, mailbox. */
const model = (mailbox: ReadonlyArray<Event>): ReadonlyArray<string> => {
  const log = [">a a"];
  const external = [...mailbox];
  let state: State = "a";
  let queue: Array<Event | string> = [];
  let postponed: Array<Event | string> = [];
  let zero: Array<string> = [];
  let steps = 0;
  for (;;) {
    const current: Event | string | undefined = queue.shift() ?? zero.shift() ?? external.shift();
    if (current === undefined) return log;
    zero = zero.filter((name) => name !== "event");
    if (typeof current === "string") {
      log.push(`${state}!${current}`);
      continue;
    }
    log.push(`${state}:${current.id}`);
    const { insert, postpone, timeouts, to }: Rule = ++steps > limit ? idle : current.rules[state];
    const from: State = state;
    const changed = to !== "keep" && to !== "repeat" && to !== state;
    if (changed) state = to;
    if (changed || to === "repeat") log.push(`>${state} ${from}`);
    if (postpone) postponed.push(current);
    if (changed) {
      queue = [...postponed, ...queue];
      postponed = [];
      zero = zero.filter((name) => name !== "state");
    }
    queue = [...insert, ...queue];
    const last = timeouts.filter((name, at) => !timeouts.slice(at + 1).some((other) => kind(other) === kind(name)));
    for (const name of last) {
      zero = zero.filter((other) => other !== kind(name));
      if (name === kind(name)) zero.push(name);
    }
  }
};

const kind = (timeout: string): string => timeout.replace("cancel ", "");
/** Two states and a postponed event can go on forever: after this many steps each event just stays. */
const limit = 200;
const idle: Rule = { to: "keep", postpone: false, insert: [], timeouts: [] };

/** The same script for the machine. */
const scripted = (current: Event, steps: { count: number }): Then => {
  const then: Then = ({ state }) => {
    const { insert, postpone, timeouts, to } = ++steps.count > limit ? idle : current.rules[state];
    const actions: ReadonlyArray<StateMachine.Action> = [
      ...(postpone ? [StateMachine.postpone] : []),
      ...insert.map((inserted) => event(inserted.id, scripted(inserted, steps))),
      ...timeouts.map((name) => {
        const delay = name.startsWith("cancel") ? "cancel" : 0;
        if (kind(name) === "state") return StateMachine.stateTimeout(delay);
        return kind(name) === "event" ? StateMachine.eventTimeout(delay) : StateMachine.timeout("x", delay);
      }),
    ];
    if (to === "keep") return StateMachine.keep(undefined, actions);
    return to === "repeat" ? StateMachine.repeat(undefined, actions) : StateMachine.next(to, undefined, actions);
  };
  return current.takesTime
    ? (context, trace) => Effect.flatMap(Effect.yieldNow, () => Effect.sync(() => then(context, trace) as never))
    : then;
};

const events = (prefix: string, depth: number): fc.Arbitrary<ReadonlyArray<Event>> => {
  const rule: fc.Arbitrary<Rule> = fc.record({
    to: fc.constantFrom("a", "b", "c", "keep", "keep", "repeat"),
    postpone: fc.boolean(),
    insert: depth === 0 ? fc.constant([]) : events(`${prefix}.`, depth - 1),
    timeouts: fc.array(fc.constantFrom("state", "event", "x", "cancel state", "cancel x"), { maxLength: 3 }),
  });
  const rules = fc.record({ a: rule, b: rule, c: rule });
  return fc
    .array(fc.record({ rules, takesTime: fc.boolean() }), { maxLength: depth === 2 ? 6 : 2 })
    .map((all) => all.map((one, index) => ({ id: `${prefix}${index}`, ...one })));
};

it("events are handled in the order of the model, each of them once a try", async () => {
  await fc.assert(
    fc.asyncProperty(events("", 2), (script) =>
      Effect.gen(function* () {
        const trace = new Trace();
        const ref = yield* probe(trace);
        const steps = { count: 0 };
        for (const current of script) tell(ref, current.id, scripted(current, steps));
        const expected = model(script);
        yield* until(() => trace.log.length >= expected.length || !ref.alive);
        yield* settled;
        expect(trace.log).toEqual(expected);
        expect((yield* system).timers.size).toBe(0);
      }).pipe(Effect.scoped, Effect.runPromise),
    ),
    { numRuns: 500 },
  );
});
