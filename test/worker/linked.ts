/** An actor that lives and dies with another. */
import { RpcGroup } from "effect/rpc";
import { Actor, type ActorRef } from "../../src/actor/index.ts";

export const Linked = Actor.make({
  name: "linked",
  protocol: RpcGroup.make(),
  init: (other: ActorRef<never>, context) => {
    context.link(other);
    return 0;
  },
  handlers: {},
});
