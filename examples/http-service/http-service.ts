/**
 * A service on node:http that uses promises, with a tree inside of it: a counter that may crash, and a journal that keeps its figures.
 *
 *     node examples/http-service/http-service.ts              # PORT=3000 unless it says otherwise
 *     curl -X POST localhost:3000/visit/home                  # {"page":"home","visits":1}
 *     curl -X POST localhost:3000/crash                       # 202: the counter crashes, and is started again
 *     curl localhost:3000/health                              # the children, and how often they were restarted
 */
import { createServer, type IncomingMessage } from "node:http";
import { Cause, Context, Effect, Exit, Layer, ManagedRuntime, Schema } from "effect";
import { Rpc, RpcGroup } from "effect/rpc";
// In a project of your own: from "hsu".
import { Actor, ChildSpec, CrashReport, ExitReason, Registry, Supervisor } from "../../src/actor/index.ts";

// --- the tree -----------------------------------------------------------------------------------------------------------------------------

const Visits = Schema.Record(Schema.String, Schema.Number);
type Visits = typeof Visits.Type;

const journalProtocol = RpcGroup.make(Rpc.make("Save", { payload: Visits }), Rpc.make("Load", { success: Visits }));
const names = Registry.make<string, void, RpcGroup.Rpcs<typeof journalProtocol>>({ keys: "unique" });

/** Keeps what the counter would lose by a crash. In earnest this is a database. */
const Journal = Actor.make({
  name: "journal",
  protocol: journalProtocol,
  init: (_: void, { self }) => Effect.as(names.register(self, "journal"), {} as Visits),
  handlers: { Save: (_, visits) => visits, Load: (visits) => Actor.reply(visits, visits) },
});

const Counter = Actor.make({
  name: "counter",
  protocol: RpcGroup.make(Rpc.make("Visit", { payload: { page: Schema.String }, success: Schema.Number }), Rpc.make("Crash")),
  init: () => names.via("journal").call("Load"),
  handlers: {
    Visit: (visits, { page }) => {
      const next = { ...visits, [page]: (visits[page] ?? 0) + 1 };
      names.via("journal").cast("Save", next);
      return Actor.reply(next, next[page]!);
    },
    Crash: () => {
      throw new Error("asked to crash");
    },
  },
});

const journal = ChildSpec.make(Journal, undefined, { id: "journal" });
const counter = ChildSpec.make(Counter, undefined, { id: "counter" });

class Tree extends Context.Service<Tree, Supervisor.SupervisorRef>()("http-service/Tree") {
  static readonly layer = Layer.effect(
    Tree,
    // Up to ten crashes in a row; one in six seconds for ever.
    Supervisor.start({ id: "service", intensity: 10, periodMillis: 60_000, children: [journal, counter] }),
  );
}

const reporter = Layer.succeed(CrashReport.Reporter, ({ path, incarnation, reason }) =>
  Effect.sync(() => console.error(`${path.join("/")} #${incarnation} crashed: ${ExitReason.format(reason)}`)),
);

// --- the service: plain promises from here on ---------------------------------------------------------------------------------------------

const runtime = ManagedRuntime.make(Layer.provide(Tree.layer, reporter));
const tree = await runtime.runPromise(Tree);
const counterRef = tree.ref(counter);

type Answer = readonly [status: number, body: unknown];

const visit = async (page: string): Promise<Answer> => {
  // Less than the client waits; while the counter is being restarted the call waits for it.
  const exit = await runtime.runPromiseExit(counterRef.call("Visit", { page }, { timeout: 1000 }));
  return Exit.isSuccess(exit) ? [200, { page, visits: exit.value }] : [503, { error: String(Cause.squash(exit.cause)) }];
};

const health = async (): Promise<Answer> => {
  if (!tree.alive) return [503, { error: "the tree has given up" }];
  const children = await runtime.runPromise(tree.whichChildren);
  return [200, Object.fromEntries(children.map(({ id, restarts, state }) => [id, { state, restarts }]))];
};

const answer = async ({ method, url }: IncomingMessage): Promise<Answer> => {
  const [, route, page] = (url ?? "").split("/");
  if (method === "GET" && route === "health") return await health();
  if (method === "POST" && route === "visit" && page) return await visit(page);
  if (method === "POST" && route === "crash") {
    counterRef.cast("Crash");
    return [202, {}];
  }
  return [404, { error: "no such page" }];
};

const server = createServer((request, response) => {
  const send = ([status, body]: Answer): void => void response.writeHead(status).end(`${JSON.stringify(body)}\n`);
  answer(request).then(send, (error: unknown) => send([500, { error: String(error) }]));
});

server.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : ""}`);
});

// No new requests, then those that run, then the children in reverse order.
const stop = (): void => {
  server.close(() => void runtime.dispose().then(() => console.log("stopped")));
  server.closeIdleConnections();
};
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
