/** What is sent in one turn is sent at once; any port that carries copies will do. */
import { Worker } from "node:worker_threads";
import { expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { Actor, ChildSpec, Supervisor, WorkerSupervisor } from "../../src/actor/index.ts";
import { Kind, stride } from "../../src/actor/internal/transport.ts";
import { probe } from "./protocols.ts";
import { patient } from "./support.ts";

const kinds = (frames: ReadonlyArray<unknown>): ReadonlyArray<unknown> => frames.filter((_, at) => at % stride === 0);
const count = (posts: ReadonlyArray<ReadonlyArray<unknown>>, kind: number): number =>
  posts.flatMap(kinds).filter((known) => known === kind).length;

it.live("the messages of one turn share a post, and so do the replies", () =>
  Effect.gen(function* () {
    const sent: Array<ReadonlyArray<unknown>> = [];
    const heard: Array<ReadonlyArray<unknown>> = [];
    const spawn = (): WorkerSupervisor.WorkerPort => {
      const worker = new Worker(new URL("./fixtures/probe.ts", import.meta.url));
      worker.on("message", (frames: ReadonlyArray<unknown>) => void heard.push(frames));
      return {
        postMessage: (frames: ReadonlyArray<unknown>) => {
          sent.push(frames);
          worker.postMessage(frames);
        },
        on: (event, listener) => worker.on(event, listener),
        terminate: () => worker.terminate(),
      };
    };
    const place = WorkerSupervisor.child({ id: "place", spawn, exports: { probe } });
    const app = yield* Supervisor.start({ children: [place] });
    const ref = WorkerSupervisor.of(app, place).ref("probe");
    sent.length = heard.length = 0;
    for (let n = 0; n < 1000; n++) ref.cast("Note", { text: "x" });
    expect((yield* ref.call("Notes", undefined, { timeout: 60_000 })).length).toBe(1000);
    expect(count(sent, Kind.Cast)).toBe(1000);
    // A turn of an actor is some hundred messages long, and a time slice some milliseconds.
    expect(sent.length).toBeLessThan(50);
    sent.length = heard.length = 0;
    yield* Effect.all(
      Array.from({ length: 100 }, () => ref.call("Double", { n: 1 }, patient)),
      { concurrency: "unbounded" },
    );
    expect([count(sent, Kind.Call), count(heard, Kind.Reply)]).toEqual([100, 100]);
    expect(sent.length).toBeLessThan(10);
    expect(heard.length).toBeLessThan(50);
  }),
);

const Doubler = Actor.make({
  name: "doubler",
  protocol: probe.omit(
    "Note",
    "Notes",
    "Move",
    "Bytes",
    "Anything",
    "WrongReply",
    "Where",
    "Sleep",
    "ExitThread",
    "ThrowOutside",
    "SpinForever",
  ),
  init: () => 0,
  handlers: {
    Double: (calls, { n }) => Actor.reply(calls + 1, n * 2),
    Crash: () => Actor.exit(),
    Finish: () => Actor.exit(),
  },
});

/** A port with no more than a browser's has. */
const asInBrowsers = (port: InstanceType<typeof MessageChannel>["port1"], terminate?: () => void): WorkerSupervisor.WorkerPort => ({
  postMessage: (message) => port.postMessage(message),
  addEventListener: (event, listener) => port.addEventListener(event, listener),
  start: () => port.start(),
  close: () => port.close(),
  ...(terminate && { terminate }),
});

it.live("the ports of browsers, which do not tell of an end, carry a tree as well", () =>
  Effect.gen(function* () {
    let terminated = 0;
    const runFork = Effect.runForkWith(yield* Effect.context<never>());
    const spawn = (): WorkerSupervisor.WorkerPort => {
      const { port1, port2 } = new MessageChannel();
      const doubler = ChildSpec.make(Doubler, undefined, { id: "doubler" });
      runFork(WorkerSupervisor.serve({ port: asInBrowsers(port2), tree: { children: [doubler], exports: { doubler } } }));
      return asInBrowsers(port1, () => {
        terminated++;
        port1.close();
      });
    };
    const place = WorkerSupervisor.child({ id: "place", spawn, exports: { doubler: Doubler.protocol } });
    const app = yield* Supervisor.start({ id: "app", children: [place] });
    const ref = WorkerSupervisor.of(app, place).ref("doubler");
    expect(yield* ref.call("Double", { n: 4 }, patient)).toBe(8);
    yield* Actor.stop(ref);
    expect(yield* ref.call("Double", { n: 5 }, patient)).toBe(10);
    expect(ref.incarnation).toBe(2);
    yield* app.terminateChild("place");
    expect(terminated).toBe(1);
    yield* app.restartChild("place");
    expect(yield* ref.call("Double", { n: 6 }, patient)).toBe(12);
    expect(ref.incarnation).toBe(3);
  }),
);
