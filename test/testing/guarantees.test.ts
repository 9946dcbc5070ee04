/** Random interleavings, and random messages, against what the mailbox promises. Each seed is a run that can be had again. */
import { describe, expect, it } from "@effect/vitest";
import * as Effect from "effect/Effect";
import { explore } from "../../src/testing/index.ts";
import { sabotages, scenario } from "./guarantees.ts";

const mailboxes = { "without a bound": undefined, "of two, whose senders wait": { capacity: 2, overflow: "suspend" } } as const;

describe("in any order of turns", () => {
  for (const [name, mailbox] of Object.entries(mailboxes)) {
    const bound = mailbox === undefined ? {} : { mailbox };
    it.effect(`each message of each sender is handled once, in order, one at a time, and answered: a mailbox ${name}`, () =>
      explore(scenario({ ...bound, deaths: false }), { runs: 150, seed: 1 }),
    );

    it.effect(`so it is over deaths and kills, and the end is told once, after the last message: a mailbox ${name}`, () =>
      explore(scenario({ ...bound, deaths: true }), { runs: 150, seed: 1 }),
    );
  }
});

describe("a planted bug is found and found again by its seed", () => {
  for (const [name, { sabotage, deaths }] of Object.entries(sabotages)) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const program = scenario({ sabotage, deaths });
        const found = yield* Effect.flip(explore(program, { runs: 200, seed: 1 }));
        expect(found.run).toBeLessThan(100);
        const again = yield* Effect.flip(explore(program, { seed: found.seed }));
        expect([again.trace, again.cause]).toEqual([found.trace, found.cause]);
      }),
    );
  }
});
