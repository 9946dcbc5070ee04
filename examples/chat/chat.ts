/**
 * A chat: a room is started when the first guest comes, tells all who are in it, and is started again when it crashes.
 *
 *     node examples/chat/chat.ts
 */
import { Effect, Schema } from "effect";
import { Rpc, RpcGroup } from "effect/rpc";
// In a project of your own: from "hsu".
import { Actor, type ActorRef, CrashReport, DynamicSupervisor, ExitReason, Group, Registry, Supervisor } from "../../src/actor/index.ts";

// --- guests: they print what they hear ---------------------------------------------------------------------------------------------------

const guestProtocol = RpcGroup.make(Rpc.make("Heard", { payload: { room: Schema.String, line: Schema.String } }), Rpc.make("Leave"));
type GuestRef = ActorRef<RpcGroup.Rpcs<typeof guestProtocol>>;

/** Who is in which room. A guest who ends is in none, and a room that crashes loses nobody. */
const rooms = Group.scope({ protocol: guestProtocol });

const Guest = Actor.make({
  name: "guest",
  protocol: guestProtocol,
  init: (name: string) => name,
  handlers: {
    Heard: (name, { room, line }) => console.log(`${name.padEnd(4)} in ${room}: ${line}`),
    Leave: () => Actor.exit(),
  },
});

// --- rooms: one actor a room, found by its name -------------------------------------------------------------------------------------------

const roomProtocol = RpcGroup.make(
  Rpc.make("Say", { payload: { by: Schema.String, text: Schema.String } }),
  Rpc.make("Said", { success: Schema.Number }),
);
const roomNames = Registry.make<string, void, RpcGroup.Rpcs<typeof roomProtocol>>({ keys: "unique" });

const Room = Actor.make({
  name: "room",
  protocol: roomProtocol,
  init: (name: string, context) => Effect.as(roomNames.register(context.self, name), { name, said: 0 }),
  handlers: {
    Say: ({ name, said }, { by, text }) => {
      if (text === "") throw new Error("nothing said"); // a bug: nobody has thought of it
      rooms.group(name).broadcast("Heard", { room: name, line: `${by}: ${text}` });
      return { name, said: said + 1 };
    },
    Said: (state) => Actor.reply(state, state.said),
  },
});

// --- the tree -----------------------------------------------------------------------------------------------------------------------------

const guests = DynamicSupervisor.child(Guest, { id: "guests", restart: "temporary" });
const roomsSpec = DynamicSupervisor.child(Room, { id: "rooms", restart: "transient", intensity: 10, periodMillis: 60_000 });

const program = Effect.gen(function* () {
  const chat = yield* Supervisor.start({ id: "chat", children: [guests, roomsSpec] });
  const allGuests = DynamicSupervisor.of(chat.ref(guests), guests);
  const allRooms = DynamicSupervisor.of(chat.ref(roomsSpec), roomsSpec);

  const enter = Effect.fnUntraced(function* (guest: GuestRef, room: string) {
    // Two guests may come at once: the lock lets one of them start the room.
    const open = Effect.suspend(() => (roomNames.whereis(room) === undefined ? Effect.asVoid(allRooms.startChild(room)) : Effect.void));
    yield* roomNames.lock(room, open);
    rooms.group(room).join(guest);
  });
  const say = (room: string, by: string, text: string): void => roomNames.via(room).cast("Say", { by, text });

  const ada = yield* allGuests.startChild("ada");
  const joe = yield* allGuests.startChild("joe");
  const mike = yield* allGuests.startChild("mike");
  yield* enter(ada, "lobby");
  yield* enter(joe, "lobby");
  yield* enter(mike, "bar");

  say("lobby", "ada", "hello");
  say("bar", "mike", "anybody here?");

  const lobby = roomNames.whereis("lobby");
  say("lobby", "joe", ""); // the room crashes, and its guests are still in the group
  yield* lobby?.call("Said") ?? Effect.void; // a ref outlives the crash: this waits for the next incarnation

  joe.cast("Leave");
  yield* Actor.awaitExit(joe);
  say("lobby", "ada", "joe?");
  const said = yield* roomNames.via("lobby").call("Said");
  const count = rooms.group("lobby").members().length;

  for (const guest of [ada, mike]) {
    guest.cast("Leave"); // comes after all that they were told
    yield* Actor.awaitExit(guest);
  }
  console.log(`lobby: ${count} guest, ${said} line since the restart`);
});

const reporter: (report: CrashReport.CrashReport) => Effect.Effect<void> = ({ path, incarnation, reason }) =>
  Effect.sync(() => console.log(`-- ${path.join("/")} #${incarnation} crashed: ${ExitReason.format(reason)}`));

await Effect.runPromise(program.pipe(Effect.scoped, Effect.provideService(CrashReport.Reporter, reporter)));
