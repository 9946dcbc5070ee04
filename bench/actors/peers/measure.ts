/**
 * One measurement of a peer from npm, in a process of its own: `node measure.ts nact|xstate NAME N` prints a rate per second. The work is that of the
 * benches beside OTP.
 */
import { dispatch, query, type Ref, spawn, start } from "nact";
import { createActor, fromTransition } from "xstate";

/** An actor whose handler is given each message, and what answers it where it is a call. */
type Handler = (message: unknown, reply: ((value: unknown) => void) | undefined) => void;

type NactRef = Ref<any>; // oxlint-disable-line typescript/no-explicit-any, typescript/no-generated-empty-object-type -- as its library types it

interface Message {
  readonly message: unknown;
  readonly reply: NactRef | null;
}

interface Library<Address> {
  readonly spawn: (handler: Handler) => Address;
  readonly cast: (ref: Address, message: unknown) => void;
  readonly call: (ref: Address, message: unknown) => Promise<unknown>;
}

const nact = (): Library<NactRef> => {
  const system = start();
  let id = 0;
  return {
    spawn: (handler) =>
      spawn(
        system,
        (state: unknown, { message, reply }: Message) => {
          handler(message, reply === null ? undefined : (value) => dispatch(reply, value));
          return state;
        },
        `a${id++}`,
      ),
    cast: (ref, message) => dispatch(ref, { message, reply: null }),
    call: (ref, message) => query(ref, (reply) => ({ message, reply }), 60_000),
  };
};

interface Sent {
  readonly type: "message";
  readonly message: unknown;
  readonly reply?: (value: unknown) => void;
}

const made = (handler: Handler) =>
  createActor(
    fromTransition((state: number, { message, reply }: Sent) => {
      handler(message, reply);
      return state;
    }, 0),
  ).start();

const xstate = (): Library<ReturnType<typeof made>> => ({
  spawn: made,
  cast: (ref, message) => ref.send({ type: "message", message }),
  call: (ref, message) => new Promise((reply) => ref.send({ type: "message", message, reply })),
});

const counter = (): { readonly handler: Handler; readonly count: () => number } => {
  let count = 0;
  return { handler: (_, reply) => (reply === undefined ? void count++ : reply(count)), count: () => count };
};

const burst = 10_000;

type Work = <Address>(library: Library<Address>, n: number) => Promise<void>;

const works: Readonly<Record<string, Work>> = {
  spawnRoot: async ({ call, spawn: make }, n) => {
    const refs = Array.from({ length: n }, () => make(counter().handler));
    if ((await call(refs.at(-1)!, null)) !== 0) throw new Error("a wrong answer");
  },
  cast: async ({ call, cast, spawn: make }, n) => {
    const one = make(counter().handler);
    for (let sent = 0; sent < n; sent += burst) {
      for (let i = 0; i < burst; i++) cast(one, null);
      if ((await call(one, null)) !== sent + burst) throw new Error("a wrong count");
    }
  },
  call: async ({ call, spawn: make }, n) => {
    const one = make(counter().handler);
    for (let i = 0; i < n; i++) await call(one, null);
  },
  fanIn: async ({ cast, spawn: make }, n) => {
    const senders = 100;
    await new Promise<void>((done) => {
      let count = 0;
      const one = make(() => (++count === n ? done() : undefined));
      const all = Array.from({ length: senders }, () => {
        let left = n / senders;
        const self = make(() => {
          for (let i = 0; i < 100 && left > 0; i++, left--) cast(one, null);
          if (left > 0) setImmediate(() => cast(self, null));
        });
        return self;
      });
      for (const sender of all) cast(sender, null);
    });
  },
};

const [library, name, count] = process.argv.slice(2);
const work = works[name ?? ""];
const n = Number(count);
if (work === undefined || !(n > 0)) throw new Error("usage: node measure.ts nact|xstate NAME N");
const run = (size: number): Promise<void> => (library === "nact" ? work(nact(), size) : work(xstate(), size));
for (let i = 0; i < 4; i++) await run(n / 10);
const began = performance.now();
await run(n);
process.stdout.write(String((n * 1000) / (performance.now() - began)));
process.exit(0);
