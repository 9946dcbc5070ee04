/**
 * A unit without a process: an actor that looks through a folder every so often and removes what is old. The master runs it as it runs programs:
 *
 *     node src/bin/hsu.ts up examples/module-unit/hsu.yaml
 */
import { Effect, Schema } from "effect";
import { Rpc, RpcGroup } from "effect/rpc";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
// In a project of your own: from "hsu".
import { Actor } from "../../src/actor/index.ts";

/** What `config` in hsu.yaml has to be: anything else is a failed start, which says what is wrong. */
const Config = Schema.Struct({ folder: Schema.String, maxAgeMillis: Schema.Number, everyMillis: Schema.Number });

const removeOlder = (folder: string, maxAgeMillis: number): number => {
  const old = readdirSync(folder).filter((name) => Date.now() - statSync(join(folder, name)).mtimeMs > maxAgeMillis);
  for (const name of old) rmSync(join(folder, name));
  return old.length;
};

export default Actor.make({
  name: "cleaner",
  protocol: RpcGroup.make(Rpc.make("Look")),
  init: (config: unknown, context) =>
    Effect.gen(function* () {
      const known = yield* Schema.decodeUnknownEffect(Config)(config);
      mkdirSync(known.folder, { recursive: true });
      yield* Effect.log(`cleaning ${known.folder}`);
      context.self.cast("Look");
      return { ...known, removed: 0 };
    }),
  handlers: {
    // What throws here is a crash: it is in the unit's log, and the unit is restarted as its policy says.
    Look: (state, _, context) => {
      context.sendAfter(state.everyMillis, "Look");
      const removed = removeOlder(state.folder, state.maxAgeMillis);
      if (removed === 0) return state;
      return Effect.as(Effect.log(`removed ${removed}`), { ...state, removed: state.removed + removed });
    },
  },
  terminate: ({ removed }) => Effect.log(`removed ${removed} in all`),
});
