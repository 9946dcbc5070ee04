/** Refs of actors on a worker thread work as those of this one. */
import { threadId } from "node:worker_threads";
import { expect, it } from "@effect/vitest";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import { Actor, ExitReason, NotEncodable } from "../../src/actor/index.ts";
import { cellOf, quiet } from "../actor/actors.ts";
import { Linked } from "./linked.ts";
import { Point } from "./protocols.ts";
import { eventually, startProbe, Threads, patient } from "./support.ts";

it.live("a call is answered from the other thread, and casts are handled in their order before it", () =>
  Effect.gen(function* () {
    const { probe } = yield* startProbe(new Threads());
    for (let n = 0; n < 100; n++) probe.cast("Note", { text: `${n}` });
    expect(yield* probe.call("Double", { n: 21 }, patient)).toBe(42);
    expect(yield* probe.call("Notes", undefined, patient)).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`));
    const where = yield* probe.call("Where", undefined, patient);
    expect(where.threadId).not.toBe(threadId);
    expect(where.path).toEqual(probe.path);
    expect(probe.path).toEqual(["app", "place", "probe"]);
    expect([probe.alive, probe.incarnation]).toEqual([true, 1]);
  }),
);

it.live("classes, options, typed errors and bytes come across as what they are", () =>
  Effect.gen(function* () {
    const { probe } = yield* startProbe(new Threads());
    const moved = yield* probe.call("Move", { point: new Point({ x: 1, y: 2 }), by: Option.some(2) });
    expect(moved).toEqual(Option.some(new Point({ x: 3, y: 2 })));
    expect(Option.getOrThrow(moved)).toBeInstanceOf(Point);
    expect(yield* probe.call("Move", { point: new Point({ x: 1, y: 2 }), by: Option.none() })).toEqual(Option.none());
    const error = yield* Effect.flip(probe.call("Move", { point: new Point({ x: 1000, y: 0 }), by: Option.none() }));
    expect(error).toMatchObject({ _tag: "TooFar", limit: 100 });
    const bytes = new Uint8Array([1, 2, 3]);
    expect(yield* probe.call("Bytes", { bytes }, patient)).toEqual(new Uint8Array([2, 3, 4]));
    expect(yield* probe.call("Double", { n: Number.POSITIVE_INFINITY }, patient)).toBe(Number.POSITIVE_INFINITY);
  }),
);

it.live("what cannot be sent is its caller's error, and what was sent beside it arrives", () =>
  Effect.gen(function* () {
    const { probe } = yield* startProbe(new Threads());
    const flip = <A, E>(effect: Effect.Effect<A, E>) => Effect.map(Effect.flip(effect), (error) => error as unknown as NotEncodable);
    const [invalid, uncloneable, unnoted] = yield* Effect.all(
      [
        flip(probe.call("Double", { n: "two" as never }, patient)),
        flip(probe.call("Anything", { value: () => 1 }, patient)),
        flip(probe.send("Note", { text: 1 as never })),
        probe.call("Note", { text: "beside" }, patient),
      ],
      { concurrency: "unbounded" },
    );
    expect([invalid, uncloneable, unnoted].map(({ _tag, part, tag }) => `${_tag} ${tag} ${part}`)).toEqual([
      "NotEncodable Double payload",
      "NotEncodable Anything payload",
      "NotEncodable Note payload",
    ]);
    const wrong = yield* flip(probe.call("WrongReply", undefined, patient));
    const reply = yield* flip(probe.call("Anything", { value: 1 }, patient));
    expect([wrong, reply].map(({ _tag, part, tag }) => `${_tag} ${tag} ${part}`)).toEqual([
      "NotEncodable WrongReply reply",
      "NotEncodable Anything reply",
    ]);
    probe.cast("Anything", { value: () => 1 });
    probe.cast("Note", { text: "after" });
    expect(yield* probe.call("Notes", undefined, patient)).toEqual(["beside", "after"]);
    expect(probe.mailbox.depth).toBe(0);
  }),
);

it.live("a call has its deadline, and one that is interrupted is forgotten", () =>
  Effect.gen(function* () {
    const { probe } = yield* startProbe(new Threads());
    const error = yield* Effect.flip(probe.call("Sleep", undefined, { timeout: 20 }));
    expect(error).toMatchObject({ _tag: "CallTimeout", path: probe.path });
    const waiting = yield* Effect.forkChild(probe.call("Notes", undefined, { timeout: "infinity" }), { startImmediately: true });
    yield* Fiber.interrupt(waiting);
    expect((probe as unknown as { pendingCalls(): ReadonlyArray<unknown> }).pendingCalls()).toEqual([]);
  }),
);

it.live("a crash is told to its caller and to who monitors; the actor is restarted there, and its ref goes on", () =>
  Effect.gen(function* () {
    const { probe } = yield* startProbe(new Threads());
    const watching = yield* Effect.forkChild(Actor.awaitExit(probe), { startImmediately: true });
    const error = yield* Effect.flip(probe.call("Crash", undefined, patient));
    expect(error.message).toBe("app/place/probe is down: Error: boom");
    expect(ExitReason.format(yield* Fiber.join(watching))).toBe("Error: boom");
    expect(yield* probe.call("Double", { n: 2 }, patient)).toBe(4);
    expect([probe.alive, probe.incarnation]).toEqual([true, 2]);
  }).pipe(quiet),
);

it.live("an actor that has ended for good is down, and calls to it fail at once", () =>
  Effect.gen(function* () {
    const { second } = yield* startProbe(new Threads());
    const ended = yield* Effect.forkChild(Actor.awaitExit(second), { startImmediately: true });
    second.cast("Finish");
    expect(yield* Fiber.join(ended)).toEqual(ExitReason.normal);
    expect(second.alive).toBe(false);
    second.cast("Note", { text: "nobody hears it" });
    yield* eventually(() => second.mailbox.depth === 0);
    expect(yield* Effect.flip(second.call("Notes", undefined, patient))).toMatchObject({ _tag: "ActorDown", reason: { _tag: "NoProc" } });
    expect(yield* Actor.awaitExit(second)).toEqual(ExitReason.noProc);
  }),
);

it.live("stop, kill, signal and inform reach it", () =>
  Effect.gen(function* () {
    const { probe, second } = yield* startProbe(new Threads());
    Actor.inform(probe, { from: "afar" });
    expect(yield* probe.call("Notes", undefined, patient)).toEqual(['info {"from":"afar"}']);
    yield* Actor.stop(probe, { reason: ExitReason.shutdownWith("deploy") });
    expect(yield* probe.call("Notes", undefined, patient)).toEqual([]);
    expect(probe.incarnation).toBe(2);
    expect((yield* Effect.flip(probe.call("Sleep", undefined, { timeout: 1 })))._tag).toBe("CallTimeout");
    yield* Actor.kill(probe);
    expect(yield* probe.call("Notes", undefined, patient)).toEqual([]);
    const ended = yield* Effect.forkChild(Actor.awaitExit(second), { startImmediately: true });
    Actor.signal(second, ExitReason.shutdownWith("enough"));
    expect(yield* Fiber.join(ended)).toEqual(ExitReason.shutdownWith("enough"));
  }).pipe(quiet),
);

it.live("links cross: who ends takes the other with it, on both sides", () =>
  Effect.gen(function* () {
    const { place, probe, second } = yield* startProbe(new Threads());
    const there = yield* Effect.forkChild(Actor.awaitExit(second), { startImmediately: true });
    const toSecond = yield* Actor.spawn(Linked, second);
    yield* Actor.stop(toSecond, { reason: ExitReason.shutdownWith("together") });
    expect(yield* Fiber.join(there)).toEqual(ExitReason.shutdownWith("together"));
    const toProbe = yield* Actor.spawn(Linked, probe);
    const here = yield* Effect.forkChild(Actor.awaitExit(toProbe), { startImmediately: true });
    yield* place.kill;
    expect(yield* Fiber.join(here)).toEqual(ExitReason.killed);
  }).pipe(quiet),
);

it.live("send waits until the message is in the mailbox there, and fails as that mailbox says", () =>
  Effect.gen(function* () {
    const { box } = yield* startProbe(new Threads());
    yield* box.send("Take");
    const sent = yield* Effect.exit(Effect.all(Array.from({ length: 4 }, () => box.send("Take"))));
    expect(Exit.isFailure(sent) && Cause.squash(sent.cause)).toMatchObject({ _tag: "MailboxFull", capacity: 2, path: box.path });
    expect(yield* Effect.flip(box.call("Take", undefined, patient))).toMatchObject({ _tag: "MailboxFull" });
    for (let n = 0; n < 10; n++) box.cast("Take");
    // Those that were dropped there wait nowhere.
    yield* eventually(() => box.mailbox.depth === 2);
  }),
);

it.live("who sends more than is handled keeps the rest here, where its depth is seen, and all of it arrives", () =>
  Effect.gen(function* () {
    const { probe } = yield* startProbe(new Threads());
    const hold = yield* Effect.forkChild(Effect.exit(probe.call("Sleep", undefined, { timeout: "infinity" })), { startImmediately: true });
    const count = 20_000;
    for (let n = 0; n < count; n++) probe.cast("Note", { text: "x" });
    const cell = cellOf(probe);
    const here = (): number => cell.messages?.length ?? 0;
    yield* eventually(() => here() < count && !cell.queued);
    // The port holds a window of them, however many there are.
    expect(here()).toBe(count - 2047);
    expect(probe.mailbox.depth).toBe(count + 1);
    yield* Actor.kill(probe);
    yield* Fiber.join(hold);
    expect((yield* probe.call("Notes", undefined, { timeout: 60_000 })).length).toBe(count);
    expect(probe.mailbox.depth).toBe(0);
  }).pipe(quiet),
);
