/**
 * A state that ends with its master: for one that is part of another program.
 */
import type { ProcessRecord, Store, UnitMemory } from "./Store.ts";

export const make = (): Store => {
  const processes = new Map<string, ProcessRecord>();
  const units = new Map<string, UnitMemory>();
  const held = new Set<string>();
  const schedules = new Map<string, number>();
  return {
    get processes() {
      return [...processes.values()];
    },
    units,
    putProcess: (record) => void processes.set(record.unit, record),
    removeProcess: (unit) => void processes.delete(unit),
    putUnit: (unit, memory) => void units.set(unit, memory),
    removeUnit: (unit) => void units.delete(unit),
    held,
    hold: (unit) => void held.add(unit),
    unhold: (unit) => void held.delete(unit),
    schedules,
    putSchedule: (unit, last) => void schedules.set(unit, last),
    removeSchedule: (unit) => void schedules.delete(unit),
    clear: () => {
      processes.clear();
      units.clear();
    },
  };
};
