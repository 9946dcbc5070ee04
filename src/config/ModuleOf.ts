/**
 * Module units in a config file: an actor that an ES module exports.
 */
import * as NodePath from "node:path";
import * as Schema from "effect/Schema";
import type { ModuleSpec } from "../unit/ModuleHost.ts";
import { Flag, Name, Timeout } from "./Values.ts";

const optional = Schema.optionalKey;

export const ModuleControl = Schema.Struct({
  module: Name,
  export: optional(Name),
  config: optional(Schema.Unknown),
  worker: optional(Flag),
  startup_timeout: optional(Timeout),
  shutdown_timeout: optional(Timeout),
});

/** `folder` is absolute: a relative path starts there. */
export const moduleOf = (folder: string, control: typeof ModuleControl.Type): ModuleSpec => ({
  path: NodePath.resolve(folder, control.module),
  export: control.export ?? "default",
  config: control.config,
  worker: control.worker ?? false,
});
