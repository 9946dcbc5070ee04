/**
 * Children that are supervisors. What is below one is noted beside its spec, so that a tree can be looked at before it is started.
 */
import { erase, type ChildSpec, type Options } from "../ChildSpec.ts";
import type { ErasedSpec } from "./child.ts";
import { SupervisorCell } from "./supervisorCell.ts";
import type { ErasedSupervisor } from "./supervisorSpec.ts";

const below = new WeakMap<object, ErasedSupervisor>();

/** The spec of a child that is this supervisor. */
export const supervisorChild = <R>(options: Options, supervisor: ErasedSupervisor): ChildSpec<never, R> => {
  const { id } = options;
  const spec = erase<never, R>(
    options,
    "supervisor",
    (system, context, owner) => new SupervisorCell(system, context, owner, id, supervisor),
  );
  below.set(spec, supervisor);
  return spec;
};

/** The supervisor that a child is; undefined for a worker. */
export const supervisorOf = (spec: ErasedSpec): ErasedSupervisor | undefined => below.get(spec);
