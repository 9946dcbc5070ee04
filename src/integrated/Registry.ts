/**
 * The service registry: who has published what, and for how long that holds. It knows no wire; time is the Clock's.
 */
import * as Clock from "effect/Clock";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import type { Publication } from "./Publication.ts";

/** No module of that name, or nobody has seen it for a while. */
export class ModuleNotFound extends Data.TaggedError("ModuleNotFound")<{ readonly moduleID: string; readonly why: string }> {}

/** Nobody publishes that many by intention. */
export class RegistryFull extends Data.TaggedError("RegistryFull")<{ readonly limit: number }> {}

/** What the master knows of the process that has published. */
export type Sighting = "runs" | "ended" | "unknown";

export interface RegistryHealth {
  readonly registeredModules: number;
  readonly totalAPIs: number;
  readonly uptimeMillis: number;
}

export interface Registry {
  /** Takes the place of what the module has published before. */
  readonly publish: (publication: Publication) => Effect.Effect<void, RegistryFull>;
  /** Also says that the module was seen. */
  readonly discover: (moduleID: string) => Effect.Effect<Publication, ModuleNotFound>;
  /** With a process id only what that process has published. */
  readonly unpublish: (moduleID: string, processID: number | null) => Effect.Effect<void, ModuleNotFound>;
  readonly health: Effect.Effect<RegistryHealth>;
  /** Those that would be discovered, by name. */
  readonly list: Effect.Effect<ReadonlyArray<Publication>>;
}

/** Who was not seen for so long is not found any more. */
const staleMillis = 5 * 60_000;
/** And is forgotten after so long. */
const forgottenMillis = 10 * 60_000;
const limit = 10_000;

interface Known {
  readonly publication: Publication;
  seenAt: number;
}

/**
 * Units publish once and say nothing after it: one whose process the master sees is as good as seen just now, and is gone with its process. The ages are for
 * those that the master knows nothing of.
 */
export const make = (options: {
  readonly sight: (publication: Publication) => Sighting;
  /** Hears of each publication that was taken. */
  readonly published?: (publication: Publication) => void;
}): Effect.Effect<Registry> =>
  Effect.map(Clock.currentTimeMillis, (startedAt) => {
    const modules = new Map<string, Known>();
    // No timer: what is old is thrown away when somebody comes.
    const look = Effect.map(Clock.currentTimeMillis, (now) => {
      for (const [id, known] of modules) {
        const sighting = options.sight(known.publication);
        if (sighting === "runs") known.seenAt = now;
        if (sighting === "ended" || now - known.seenAt > forgottenMillis) modules.delete(id);
      }
      return now;
    });
    const isFresh = (known: Known, now: number): boolean => now - known.seenAt <= staleMillis;
    const missing = (moduleID: string, why: string) => Effect.fail(new ModuleNotFound({ moduleID, why }));
    return {
      publish: (publication) =>
        Effect.flatMap(look, (now) => {
          if (modules.size >= limit && !modules.has(publication.moduleID)) return Effect.fail(new RegistryFull({ limit }));
          modules.set(publication.moduleID, { publication, seenAt: now });
          options.published?.(publication);
          return Effect.void;
        }),
      discover: (moduleID) =>
        Effect.flatMap(look, (now) => {
          const known = modules.get(moduleID);
          if (known === undefined) return missing(moduleID, "module not found");
          if (!isFresh(known, now)) return missing(moduleID, "module was not seen for 5 minutes");
          known.seenAt = now;
          return Effect.succeed(known.publication);
        }),
      unpublish: (moduleID, processID) =>
        Effect.flatMap(look, () => {
          const known = modules.get(moduleID);
          if (known === undefined) return missing(moduleID, "module not found");
          if (processID !== null && known.publication.processID !== processID) {
            return missing(moduleID, `module was published by process ${known.publication.processID ?? "unknown"}`);
          }
          modules.delete(moduleID);
          return Effect.void;
        }),
      health: Effect.map(look, (now) => ({
        registeredModules: modules.size,
        totalAPIs: [...modules.values()].reduce((sum, { publication }) => sum + publication.apis.length, 0),
        uptimeMillis: now - startedAt,
      })),
      list: Effect.map(look, (now) => [...modules.values()].filter((known) => isFresh(known, now)).map(({ publication }) => publication)),
    };
  });
