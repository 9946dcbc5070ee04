import { describe, it } from "@effect/vitest";
import { Rpc, RpcGroup } from "effect/rpc";
import { Actor } from "../../src/actor/index.ts";

const protocol = RpcGroup.make(Rpc.make("A"), Rpc.make("B"));

describe("the token of a continue", () => {
  it("is what the continue handler takes, of every handler", () => {
    Actor.make({
      name: "tokens",
      protocol,
      init: () => 0,
      continue: (n, token: "again" | { readonly add: number }) => (token === "again" ? Actor.andThen(n, { add: 1 }) : n + token.add),
      handlers: { A: (n) => Actor.andThen(n, "again"), B: (n) => Actor.andThen(n, { add: 2 }) },
    });
    Actor.make({
      name: "wrong",
      protocol,
      init: () => 0,
      continue: (n, token: string) => n + token.length,
      // @ts-expect-error it takes texts
      handlers: { A: (n) => Actor.andThen(n, 1), B: (n) => n },
    });
  });
});
