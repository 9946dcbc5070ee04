/** Small tools for the cases of OTP's supervisor suite, beside those of test/actor/actors.ts. */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { Actor, type ActorDown, type ActorRef, ChildSpec, ExitReason, type Supervisor } from "../../src/actor/index.ts";
import type { SupervisorCell } from "../../src/actor/internal/supervisorCell.ts";
import { workerProtocol } from "../actor/actors.ts";

/** What the starts of a {@link Starter} come to, the last for all that follow. */
export class Answers {
  starts = 0;
  readonly answers: ReadonlyArray<"up" | "ignore" | "fail">;
  constructor(...answers: ReadonlyArray<"up" | "ignore" | "fail">) {
    this.answers = answers;
  }
}

/** OTP's helper whose init says what the test wants. */
export const Starter = Actor.make({
  name: "starter",
  protocol: workerProtocol,
  init: (args: Answers) => {
    const answer = args.answers[Math.min(args.starts++, args.answers.length - 1)];
    if (answer === "fail") throw new Error(`start ${args.starts}`);
    return answer === "ignore" ? Actor.ignore : args;
  },
  handlers: {
    Die: () => {
      throw new Error("died");
    },
    Finish: () => Actor.exit(),
    Leave: (_, { info }) => Actor.exit(ExitReason.shutdownWith(info)),
    Block: () => Effect.never,
    Incarnation: (state, _, context) => Actor.reply(state, context.incarnation),
  },
});

export const starter = (id: string, options: Partial<ChildSpec.Options>, ...answers: Answers["answers"]) =>
  ChildSpec.make(Starter, new Answers(...answers), { id, ...options });

type AnyRef = Parameters<typeof Actor.awaitExit>[0];

/** What the refs of both kinds of supervisors have in common. */
type AnySupervisor = Pick<Supervisor.SupervisorRef, "countChildren" | "path">;

/** The cell behind a supervisor's ref, to watch its end and to look at what it holds. */
export const cellBehind = (supervisor: AnySupervisor): SupervisorCell => (supervisor as unknown as { readonly cell: SupervisorCell }).cell;

/** The address of the supervisor itself. */
export const self = (supervisor: AnySupervisor): ActorRef<never> => cellBehind(supervisor) as unknown as ActorRef<never>;

/** `[specs, active, supervisors, workers]`, of any kind of supervisor. */
export const tally = (supervisor: AnySupervisor): Effect.Effect<ReadonlyArray<number>, ActorDown> =>
  Effect.map(supervisor.countChildren, ({ active, specs, supervisors, workers }) => [specs, active, supervisors, workers]);

/** The reasons with which these incarnations end; ask before they do. */
export const watch = (refs: ReadonlyArray<AnyRef>) =>
  Effect.map(
    Effect.forEach(refs, (ref) => Effect.forkChild(Actor.awaitExit(ref), { startImmediately: true })),
    (ends) => Effect.map(Effect.forEach(ends, Fiber.join), (reasons) => reasons.map(ExitReason.format)),
  );

/** The tag of a failure. */
export const failure = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => _tag);

/** What is wrong with a spec, as the error of a start or a reconfiguration says it; the tag of any other failure. */
export const problem = <A, E extends { readonly _tag: string; readonly reason?: ExitReason.ExitReason }, R>(
  effect: Effect.Effect<A, E, R>,
) =>
  Effect.map(Effect.flip(effect), ({ _tag, reason }): string => {
    const cause = reason === undefined ? undefined : Actor.errorOf(reason);
    const typed = cause as { readonly _tag: string; readonly problem: string } | undefined;
    return typed?._tag === "InvalidSpec" ? typed.problem : _tag;
  });

/** How often a position of the start order is looked at: what is linear by its structure looks a few times at each. */
export const counting = (supervisor: Parameters<typeof cellBehind>[0]) => {
  const { children } = cellBehind(supervisor);
  const looks = { count: 0 };
  const at = children.at.bind(children);
  children.at = (position) => {
    looks.count++;
    return at(position);
  };
  return looks;
};
