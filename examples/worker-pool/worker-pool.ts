/**
 * A pool: a dispatcher hands jobs to three workers that use a service which is down at first. Workers crash, come back with a backoff, and when that
 * is too often, pause behind a circuit breaker; jobs are tried again, and a job that fails each time is given up.
 *
 *     node examples/worker-pool/worker-pool.ts
 */
import { Effect, Schema } from "effect";
import { Rpc, RpcGroup } from "effect/rpc";
// In a project of your own: from "hsu".
import { Actor, type ActorRef, ChildSpec, CrashReport, DynamicSupervisor, Event, Supervisor } from "../../src/actor/index.ts";

// --- the outside world: down for its first six calls, and never able to square 13 ---------------------------------------------------------

let calls = 0;
const square = (n: number): Effect.Effect<number> =>
  Effect.delay(
    Effect.sync(() => {
      if (++calls <= 6) throw new Error("service unavailable");
      if (n === 13) throw new Error("13 is unlucky");
      return n * n;
    }),
    "2 millis",
  );

// --- the dispatcher: keeps the jobs, so that they outlive the workers ---------------------------------------------------------------------

class JobFailed extends Schema.TaggedError<JobFailed>()("JobFailed", { n: Schema.Number, tries: Schema.Number }) {}

const workerProtocol = RpcGroup.make(Rpc.make("Run", { payload: { n: Schema.Number } }));
type WorkerRef = ActorRef<RpcGroup.Rpcs<typeof workerProtocol>>;
/** A ref in a payload: inside of a process the schema gives the type and is not run. */
const Worker = Schema.declare((value): value is WorkerRef => value !== null);

const dispatcherProtocol = RpcGroup.make(
  Rpc.make("Submit", { payload: { n: Schema.Number }, success: Schema.Number, error: JobFailed }),
  Rpc.make("Ready", { payload: { worker: Worker } }),
  Rpc.make("Done", { payload: { worker: Worker, result: Schema.Number } }),
);
type DispatcherRef = ActorRef<RpcGroup.Rpcs<typeof dispatcherProtocol>>;

interface Job {
  readonly n: number;
  readonly tries: number;
  readonly to: Actor.ReplyTo<number, JobFailed>;
}
interface Pool {
  readonly waiting: ReadonlyArray<Job>;
  readonly idle: ReadonlyArray<WorkerRef>;
  readonly running: ReadonlyMap<ActorRef<never>, Job>;
}
const maxTries = 8;

/** Hands out what can be handed out. */
const assign = ({ idle, running, waiting }: Pool): Pool => {
  const count = Math.min(idle.length, waiting.length);
  const now = new Map(running);
  idle.slice(0, count).forEach((worker, index) => {
    const job = waiting[index]!;
    now.set(worker, { ...job, tries: job.tries + 1 });
    worker.cast("Run", { n: job.n });
  });
  return { waiting: waiting.slice(count), idle: idle.slice(count), running: now };
};

const without = (running: Pool["running"], worker: ActorRef<never>): Pool["running"] =>
  new Map([...running].filter(([ref]) => ref !== worker));

const Dispatcher = Actor.make({
  name: "dispatcher",
  protocol: dispatcherProtocol,
  init: (): Pool => ({ waiting: [], idle: [], running: new Map() }),
  handlers: {
    Submit: (pool, { n }, context) => {
      const to = context.deferReply();
      return Actor.noReply(to === null ? pool : assign({ ...pool, waiting: [...pool.waiting, { n, tries: 0, to }] }));
    },
    Ready: (pool, { worker }, context) => {
      context.monitor(worker); // of this incarnation: the next one comes with a Ready of its own
      return assign({ ...pool, idle: [...pool.idle, worker] });
    },
    Done: (pool, { result, worker }) => {
      const job = pool.running.get(worker);
      if (job !== undefined) Actor.replyTo(job.to, result);
      return assign({ ...pool, idle: [...pool.idle, worker], running: without(pool.running, worker) });
    },
  },
  info: (pool, info) => {
    if (info._tag !== "Down") return pool;
    const job = pool.running.get(info.ref);
    const rest = { ...pool, idle: pool.idle.filter((worker) => worker !== info.ref), running: without(pool.running, info.ref) };
    if (job === undefined) return rest;
    if (job.tries < maxTries) return assign({ ...rest, waiting: [...rest.waiting, job] });
    Actor.failTo(job.to, new JobFailed({ n: job.n, tries: job.tries }));
    return rest;
  },
});

// --- the workers: say what happens when all goes well -------------------------------------------------------------------------------------

const PoolWorker = Actor.make({
  name: "worker",
  protocol: workerProtocol,
  init: (dispatcher: DispatcherRef, { self }) => {
    dispatcher.cast("Ready", { worker: self });
    return dispatcher;
  },
  handlers: {
    Run: (dispatcher, { n }, { self }) =>
      Effect.map(square(n), (result) => {
        dispatcher.cast("Done", { worker: self, result });
        return dispatcher;
      }),
  },
});

/** A dynamic supervisor starts without children, also when it is restarted: this one, started after it, has them started. */
const Crew = Actor.make({
  name: "crew",
  protocol: RpcGroup.make(),
  init: ({ size, start }: { readonly size: number; readonly start: Effect.Effect<unknown, unknown> }) =>
    Effect.as(Effect.repeat(start, { times: size - 1 }), size),
  handlers: {},
});

// --- the tree: workers have registered with the dispatcher, so they start anew when it does -----------------------------------------------

const dispatcher = ChildSpec.make(Dispatcher, undefined, { id: "dispatcher" });
const workers = DynamicSupervisor.child(PoolWorker, {
  id: "workers",
  backoff: { initialMillis: 1, factor: 2, maxMillis: 20, jitter: 0.5, resetAfterMillis: 1000 },
  intensity: 4,
  periodMillis: 1000,
  whenExceeded: { cooldownMillis: 30, stableMillis: 30 },
});

const program = Effect.gen(function* () {
  let restarts = 0;
  yield* Event.subscribe(({ _tag }) => {
    if (_tag === "Restarting") restarts++;
    if (_tag.startsWith("Circuit")) console.log(`-- ${_tag}`);
  });
  const pool = yield* Supervisor.start({ id: "pool", strategy: "rest_for_one", children: [dispatcher, workers] });
  const ref = pool.ref(dispatcher);
  const start = DynamicSupervisor.of(pool.ref(workers), workers).startChild(ref);
  yield* pool.startChild(ChildSpec.make(Crew, { size: 3, start }, { id: "crew" }));

  const submit = (n: number) =>
    ref.call("Submit", { n }, { timeout: "infinity" }).pipe(
      Effect.map((result) => `${n}² = ${result}`),
      Effect.catchTag("JobFailed", ({ tries }) => Effect.succeed(`${n}: given up after ${tries} tries`)),
    );
  const results = yield* Effect.forEach([10, 11, 12, 13, 14, 15], submit, { concurrency: "unbounded" });
  for (const result of results) console.log(result);
  console.log(restarts > 6 ? "and nobody had to look after it" : "nothing happened?");
});

// The crashes are in the events already.
await Effect.runPromise(
  program.pipe(
    Effect.scoped,
    Effect.provideService(CrashReport.Reporter, () => Effect.void),
  ),
);
