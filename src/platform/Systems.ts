/**
 * The layers of the systems, and what does not run on which.
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schema from "effect/Schema";
import { layer as posix } from "./linux/Processes.ts";
import type { Processes } from "./Process.ts";

/** This part of HSU is not for this system. */
export class NotSupported extends Schema.TaggedError<NotSupported>()("NotSupported", { what: Schema.String, system: Schema.String }) {
  readonly code = "HSU-PLAT-001";
  override get message(): string {
    return `${this.what} is not supported on ${this.system}`;
  }
  get hint(): string {
    return this.system === "win32"
      ? "it runs in WSL 2; what else runs where is in docs/reference/platforms.md"
      : "what runs where is in docs/reference/platforms.md";
  }
}

/** Whether a master can run that is reached by its socket and outlives itself. Said before anything is opened or started. */
export const masterRunsOn = (system: string): Effect.Effect<void, NotSupported> =>
  system === "linux" || system === "darwin" ? Effect.void : Effect.fail(new NotSupported({ what: "a master (`hsu up`)", system }));

/** The processes of this machine. */
export const layer: Layer.Layer<Processes> =
  process.platform === "win32"
    ? Layer.unwrap(
        Effect.map(
          Effect.promise(() => import("./windows/Processes.ts")),
          ({ layer: windows }) => windows(),
        ),
      )
    : posix;
