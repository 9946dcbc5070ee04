/**
 * The service registry of a master: what is published by a unit's process is that unit's, and its port from then on.
 */
import * as Effect from "effect/Effect";
import type { Task } from "../driver/index.ts";
import * as Publication from "../integrated/Publication.ts";
import * as Registry from "../integrated/Registry.ts";
import type { Store } from "../store/index.ts";
import { movePort } from "../unit/index.ts";
import type { Entry } from "./Entry.ts";
import type { History } from "./History.ts";

interface Parts {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly store: Store;
  readonly publish: History["publish"];
}

/** Who has published it: the process says its pid, or the module has the unit's name. */
const publisher = (entries: Parts["entries"], { moduleID, processID }: Publication.Publication): Entry | undefined => {
  const runs = (entry: Entry | undefined): entry is Entry => entry !== undefined && entry.slot.task !== null;
  const byPid = [...entries.values()].find((entry) => processID !== null && entry.slot.task?.identity.pid === processID);
  const byName = entries.get(moduleID);
  return byPid ?? (runs(byName) ? byName : undefined);
};

export const make = ({ entries, publish, store }: Parts): Effect.Effect<Registry.Registry> => {
  const owners = new WeakMap<Publication.Publication, { readonly entry: Entry; readonly task: Task | null }>();
  return Registry.make({
    sight: (publication) => {
      const owner = owners.get(publication);
      if (owner === undefined) return "unknown";
      return owner.entry.slot.task === owner.task ? "runs" : "ended";
    },
    published: (publication) => {
      const entry = publisher(entries, publication);
      if (entry === undefined) return;
      const { slot, spec } = entry;
      owners.set(publication, { entry, task: slot.task });
      const record = store.processes.find(({ unit }) => unit === spec.id);
      if (record !== undefined) store.putProcess({ ...record, published: publication });
      const port = Publication.portOf(publication);
      if (spec.kind !== "integrated" || port === null || port === slot.port) return;
      movePort(spec.id, slot, store, port);
      publish([...entry.groups, spec.id], "published", `listens on port ${port}, as it has published`);
    },
  });
};

/** Units publish once: what one has said to an earlier master holds under this one. */
export const restore = (registry: Registry.Registry, store: Store): Effect.Effect<void> =>
  Effect.forEach(
    store.processes,
    ({ published }) => {
      const publication = published === undefined ? undefined : Publication.read(published);
      return publication === undefined || Publication.isMalformed(publication) ? Effect.void : Effect.ignore(registry.publish(publication));
    },
    { discard: true },
  );
