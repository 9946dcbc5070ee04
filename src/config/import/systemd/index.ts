/**
 * Units of systemd: services, with the timers and sockets that start them.
 */
import { basename } from "node:path";
import { type Draft, isAbsolutePath, naming } from "../Draft.ts";
import type { Place, Teller } from "../Finding.ts";
import type { Taking } from "../Ini.ts";
import { logFiles } from "../LogFiles.ts";
import type { Importer } from "../Source.ts";
import { listIn, specifiersOf, textIn, type UnitFile, unitFilesOf } from "./Files.ts";
import { type Context, serviceOf } from "./Service.ts";
import { durationOf, spanIn } from "./Spans.ts";
import { given } from "../../Written.ts";
import { calendarOf, isYes } from "./Values.ts";
import { whyNot } from "./Why.ts";

/** What a timer says, as `schedule`. */
const scheduleOf = (keys: Taking, tell: Teller): unknown => {
  const [first, ...more] = listIn(keys.takeAll("OnCalendar"));
  for (const each of more) tell.none(each, "a unit has one schedule", "a unit of its own for each");
  const [active, idle] = [keys.take("OnUnitActiveSec"), keys.take("OnUnitInactiveSec")];
  const every = spanIn(active, tell) ?? spanIn(idle, tell);
  for (const key of ["OnBootSec", "OnStartupSec", "OnActiveSec"]) {
    const setting = keys.take(key);
    if (setting !== undefined)
      tell.none(setting, `${key} has no counterpart`, "a schedule says when it runs, and not how long after the start of the master");
  }
  const jitter = spanIn(keys.take("RandomizedDelaySec"), tell);
  const catchUp = keys.take("Persistent");
  const rest = {
    jitter: jitter === undefined || jitter === 0 ? undefined : durationOf(jitter),
    catch_up: isYes(catchUp?.value) ? true : undefined,
  };
  if (first !== undefined) {
    const found = calendarOf(first.value);
    if (found !== null) {
      if (every !== undefined) tell.none((active ?? idle)!, "a schedule says either when, or how often");
      return given({ cron: found.cron, timezone: found.timezone, ...rest });
    }
    tell.none(first, `${JSON.stringify(first.value)} cannot be said as cron`);
  }
  if (every === undefined) return undefined;
  if (active === undefined) tell.other(idle!, "counted from start to start");
  if (every < 1_000) {
    tell.none((active ?? idle)!, "a schedule has a second at least");
    return undefined;
  }
  return given({ every: durationOf(every), ...rest });
};

/** What a socket says, as `listen`. */
const listenOf = (keys: Taking, value: Context["value"], tell: Teller): ReadonlyArray<unknown> => {
  const [mode, backlog, name] = [keys.take("SocketMode"), keys.take("Backlog"), keys.take("FileDescriptorName")];
  return listIn(keys.takeAll("ListenStream")).flatMap((setting) => {
    const text = value(setting);
    const more = { backlog: backlog === undefined ? undefined : Number(backlog.value), name: name === undefined ? undefined : value(name) };
    if (/^(\d+|[\d.]+:\d+|\[[0-9a-fA-F:]+\]:\d+)$/.test(text)) return [given({ tcp: /^\d+$/.test(text) ? Number(text) : text, ...more })];
    if (isAbsolutePath(text) || text.startsWith("@")) return [given({ unix: text, mode: textIn(mode), ...more })];
    tell.none(setting, `${JSON.stringify(text)} is no address that is known here`);
    return [];
  });
};

/** Names in a list of units, each with where it stands. */
const namesIn = (keys: Taking | undefined, key: string): ReadonlyArray<Place & { readonly name: string }> =>
  (keys === undefined ? [] : listIn(keys.takeAll(key))).flatMap((setting) =>
    setting.value.split(/\s+/).map((name) => ({ of: setting.of, start: setting.start, end: setting.end, name })),
  );

export const systemd: Importer = (files, world, tell) => {
  const units = unitFilesOf(files, world, tell);
  const idOf = naming();
  const shared = { world, tell, files: logFiles(tell) };
  const services = units.filter(({ suffix }) => suffix === "service");
  const byName = new Map(services.map((unit) => [unit.name, unit]));
  const schedules = new Map<string, unknown>();
  const sockets = new Map<string, ReadonlyArray<unknown>>();

  for (const unit of units) {
    const context: Context = { ...shared, value: specifiersOf(unit, world, tell) };
    if (unit.suffix === "timer" || unit.suffix === "socket") {
      const keys = unit.sections.get(unit.suffix === "timer" ? "Timer" : "Socket");
      const named = textIn(keys?.take(unit.suffix === "timer" ? "Unit" : "Service")) ?? `${unit.stem}.service`;
      if (keys === undefined || !byName.has(named)) {
        tell.left(unit, `${unit.name} starts ${named}, which is not among the files`, "give its file too");
        continue;
      }
      if (unit.suffix === "timer") schedules.set(named, scheduleOf(keys, tell));
      else {
        const accept = keys.take("Accept");
        if (isYes(accept?.value)) tell.left(accept!, `${unit.name} starts a process for each connection: it is left out`);
        else sockets.set(named, listenOf(keys, context.value, tell));
      }
      for (const setting of keys.rest()) tell.none(setting, `${setting.key} has no counterpart`, whyNot(setting.key));
    } else if (unit.suffix !== "service") tell.left(unit, `${unit.name} is left out: only services, timers and sockets are imported`);
  }

  /** A template without an instance is nobody yet. */
  const drafts = services.flatMap((unit): ReadonlyArray<{ readonly unit: UnitFile; readonly draft: Draft }> => {
    if (unit.stem.endsWith("@")) {
      tell.left(
        unit,
        `${unit.name} is a template: it is left out`,
        `name an instance, there need be no such file: hsu import systemd ${unit.stem}NAME.service`,
      );
      return [];
    }
    const context: Context = { ...shared, value: specifiersOf(unit, world, tell) };
    const install = unit.sections.get("Install");
    const isWanted = [...namesIn(install, "WantedBy"), ...namesIn(install, "RequiredBy")].length > 0;
    const listen = sockets.get(unit.name);
    const draft = serviceOf(unit, context, {
      schedule: schedules.get(unit.name),
      listen,
      ...(listen !== undefined && listen.length > 0 && !isWanted ? { onDemand: true } : {}),
    });
    const description = unit.sections.get("Unit")?.take("Description");
    return draft === undefined
      ? []
      : [
          {
            unit,
            draft: { ...draft, id: idOf(unit.stem), description: description === undefined ? undefined : context.value(description) },
          },
        ];
  });

  const ids = new Map(drafts.map(({ draft, unit }) => [unit.name, draft.id]));
  const after = new Map(drafts.map(({ draft }) => [draft.id, new Set<string>()]));
  const requires = new Map(drafts.map(({ draft }) => [draft.id, new Set<string>()]));
  for (const { draft, unit } of drafts) {
    const keys = unit.sections.get("Unit");
    const others = (key: string, of: Taking | undefined = keys): ReadonlyArray<string> =>
      namesIn(of, key).flatMap(({ name, ...place }) => {
        const id = ids.get(name);
        // Who starts its units is up by itself, and a socket is held by the master.
        const isOwn = units.some((other) => other.name === name) || (key === "WantedBy" && name.endsWith(".target"));
        if (id === undefined && !isOwn) tell.none(place, `${name} is not among the files`, outside(name));
        return id === undefined || id === draft.id ? [] : [id];
      });
    for (const id of others("After")) after.get(draft.id)!.add(id);
    for (const id of others("Before")) after.get(id)!.add(draft.id);
    for (const key of ["Requires", "BindsTo", "Requisite"]) for (const id of others(key)) requires.get(draft.id)!.add(id);
    others("Wants");
    const install = unit.sections.get("Install");
    for (const id of others("RequiredBy", install)) requires.get(id)!.add(draft.id);
    others("WantedBy", install);
    for (const [section, each] of unit.sections) {
      if (!["Unit", "Service", "Install"].includes(section)) {
        const [first] = each.rest();
        if (!section.startsWith("X-") && first !== undefined) tell.none(first, `[${section}] has no counterpart`);
      } else for (const setting of each.rest()) tell.none(setting, `${setting.key} has no counterpart`, whyNot(setting.key));
    }
  }
  return {
    units: drafts.map(({ draft }) => ({
      ...draft,
      after: [...after.get(draft.id)!].filter((id) => !requires.get(draft.id)!.has(id)),
      requires: [...requires.get(draft.id)!],
    })),
  };
};

const outside = (name: string): string =>
  basename(name).endsWith(".target")
    ? "what it stands for has to be there when the master is started"
    : "give its file too, or add it as an unmanaged unit";
