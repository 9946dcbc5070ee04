/**
 * A state that ends with its master: for one that is part of another program.
 */
import type { AuditHead } from "../protocol/Audit.ts";
import type { Revision } from "../protocol/PlanRpc.ts";
import { keptRevisions, type ProcessRecord, type Store, type UnitMemory } from "./Store.ts";

export const make = (): Store => {
  const processes = new Map<string, ProcessRecord>();
  const units = new Map<string, UnitMemory>();
  const held = new Set<string>();
  const schedules = new Map<string, number>();
  let audit: AuditHead | null = null;
  const revisions: Array<Revision & { readonly spec: string }> = [];
  return {
    get processes() {
      return [...processes.values()];
    },
    units,
    putProcess: (record) => void processes.set(record.unit, record),
    putProcessSoon: (record) => void processes.set(record.unit, record),
    settle: () => {},
    removeProcess: (unit) => void processes.delete(unit),
    putUnit: (unit, memory) => void units.set(unit, memory),
    putUnitSoon: (unit, memory) => void units.set(unit, memory),
    removeUnit: (unit) => void units.delete(unit),
    held,
    hold: (unit) => void held.add(unit),
    unhold: (unit) => void held.delete(unit),
    schedules,
    putSchedule: (unit, last) => void schedules.set(unit, last),
    removeSchedule: (unit) => void schedules.delete(unit),
    revisions: () => revisions.map(({ spec: _spec, ...revision }) => revision),
    revisionSpec: (number) => revisions.find(({ revision }) => revision === number)?.spec ?? null,
    addRevision: (revision, spec) => {
      const number = (revisions.at(-1)?.revision ?? 0) + 1;
      revisions.push({ revision: number, ...revision, spec });
      if (revisions.length > keptRevisions) revisions.shift();
      return number;
    },
    auditHead: () => audit,
    putAuditHead: (head) => void (audit = head),
    clear: () => {
      processes.clear();
      units.clear();
    },
  };
};
