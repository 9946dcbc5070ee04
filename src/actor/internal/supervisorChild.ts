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
  const spec = erase<never, R>(
    options,
    "supervisor",
    (system, context, owner, id) => new SupervisorCell(system, context, owner, id, supervisor),
  );
  below.set(spec, supervisor);
  return spec;
};

/** The same spec under another id. It is kept when a temporary child has ended. */
export const renamed = (spec: ErasedSpec, id: string): ErasedSpec => {
  if (typeof spec !== "object" || spec === null) return spec;
  const retain = spec.restart === "temporary";
  const other: ErasedSpec = Object.create(spec, { id: { value: id, enumerable: true }, retain: { value: retain, enumerable: true } });
  const supervisor = below.get(spec);
  if (supervisor !== undefined) below.set(other, supervisor);
  return other;
};

/** What makes supervisors from arguments. */
export class SupervisorTemplate {
  readonly name: string;
  readonly make: (args: unknown) => ErasedSupervisor;

  constructor(name: string, make: (args: unknown) => ErasedSupervisor) {
    this.name = name;
    this.make = make;
  }
}

/** A supervisor that was made from arguments: a new template makes it from these again. */
export class TemplateCell extends SupervisorCell {
  args: unknown;

  constructor(owner: SupervisorCell, template: SupervisorTemplate, args: unknown) {
    super(owner.system, owner.context, owner, template.name, template.make(args));
    this.args = args;
  }
}

/** The supervisor that a child is; undefined for a worker. */
export const supervisorOf = (spec: ErasedSpec): ErasedSupervisor | undefined => below.get(spec);
