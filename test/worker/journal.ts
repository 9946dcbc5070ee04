/** An actor of the main thread that workers write to. */
import { Actor, ChildSpec } from "../../src/actor/index.ts";
import { journal } from "./protocols.ts";

const Journal = Actor.make({
  name: "journal",
  protocol: journal,
  init: (): ReadonlyArray<string> => [],
  handlers: { Write: (lines, { line }) => [...lines, line], Lines: (lines) => Actor.reply(lines, lines) },
});

export const journalSpec = ChildSpec.make(Journal, undefined, { id: "journal" });
