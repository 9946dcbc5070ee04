/** An actor that takes its place in a registry or group when it starts, and what registries and groups keep of it. */
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as Rpc from "effect/rpc/Rpc";
import * as RpcGroup from "effect/rpc/RpcGroup";
import { Actor, type ActorRef, type Registry } from "../../src/actor/index.ts";

export const namedProtocol = RpcGroup.make(
  Rpc.make("Die"),
  Rpc.make("Finish"),
  Rpc.make("Hear", { payload: { text: Schema.String } }),
  Rpc.make("Heard", { success: Schema.Array(Schema.String) }),
  Rpc.make("Do", { payload: { effect: Schema.Any } }),
);
export type NamedRpcs = RpcGroup.Rpcs<typeof namedProtocol>;
export type NamedRef = ActorRef<NamedRpcs>;

export interface Script {
  readonly onStart: (self: NamedRef) => void | Effect.Effect<void, unknown>;
  readonly onTerminate?: (self: NamedRef) => void | Effect.Effect<void>;
}

export const Named = Actor.make({
  name: "named",
  protocol: namedProtocol,
  init: (script: Script, context) => {
    const state = { script, heard: [] as Array<string> };
    const started = script.onStart(context.self);
    return started === undefined ? state : Effect.as(started, state);
  },
  handlers: {
    Die: () => {
      throw new Error("died");
    },
    Finish: () => Actor.exit(),
    Hear: (state, { text }) => void state.heard.push(text),
    Heard: (state) => Actor.reply(state, state.heard),
    Do: (_, { effect }) => effect as Effect.Effect<void>,
  },
  terminate: ({ script }, _, context) => script.onTerminate?.(context.self),
});

/** Starts one that does nothing by itself. */
export const spawn = (id = "named") => Actor.spawn(Named, { onStart: () => {} }, { id });

/** What is kept, in counts: all are 0 when nobody is left. */
export const kept = (registryOrGroups: object) => {
  const { members, announcer, locks } = registryOrGroups as {
    readonly members: { readonly size: number; readonly byKey: { readonly size: number }; readonly byCell: ReadonlyMap<unknown, unknown> };
    readonly announcer: { readonly size: number };
    readonly locks?: ReadonlyMap<unknown, unknown>;
  };
  return {
    entries: members.size,
    keys: members.byKey.size,
    members: members.byCell.size,
    topics: announcer.size,
    locks: locks?.size ?? 0,
  };
};

export const nothing = { entries: 0, keys: 0, members: 0, topics: 0, locks: 0 };

/** `+key path value` or `-key path value`. */
export const line = ({ _tag, key, ref, value }: Registry.Change<unknown, unknown>): string =>
  `${_tag === "Registered" ? "+" : "-"}${String(key)} ${ref.path.join("/")} ${String(value)}`;
