/**
 * The peers that were added by hand, in a file that nobody else can read: their tokens are in it.
 */
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Schema from "effect/Schema";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { PeerSpec, PeersUnusable } from "../protocol/Peers.ts";
import { makeFolder } from "../platform/Folder.ts";

const decode = Schema.decodeUnknownExit(Schema.fromJsonString(Schema.Struct({ peers: Schema.Array(PeerSpec) })));

const unusable = (path: string, reason: string) =>
  new PeersUnusable({ reason: `${path}: ${reason}`, hint: "mend the file or remove it, and see that its folder can be written" });

const reasonOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/** A missing file is an empty one. */
export const read = (path: string): Effect.Effect<ReadonlyArray<PeerSpec>, PeersUnusable> =>
  Effect.suspend(() => {
    try {
      const found = decode(readFileSync(path, "utf8"));
      return Exit.isSuccess(found)
        ? Effect.succeed(found.value.peers)
        : Effect.fail(unusable(path, "it is not as `hsu peer` has written it"));
    } catch (error) {
      return reasonOf(error) === "ENOENT" ? Effect.succeed([]) : Effect.fail(unusable(path, reasonOf(error)));
    }
  });

/** Whole or not at all. */
export const write = (path: string, peers: ReadonlyArray<PeerSpec>): Effect.Effect<void, PeersUnusable> =>
  Effect.try({
    try: () => {
      makeFolder(dirname(path), 0o700);
      const next = `${path}.${process.pid}`;
      writeFileSync(next, `${JSON.stringify({ peers }, undefined, 2)}\n`, { mode: 0o600 });
      renameSync(next, path);
    },
    catch: (error) => unusable(path, reasonOf(error)),
  });
