/**
 * What no schema of a single value can see: ids over the whole tree, kinds that are not supported, and what is accepted without effect. Works
 * on the located values, so that it finds everything in a file that has other errors as well.
 */
import { isGroup, nestedOf } from "./Dialect.ts";
import { checkOrder } from "./OrderChecks.ts";
import { checkProbes } from "./ProbeChecks.ts";
import { pathProblems } from "./PathChecks.ts";
import { portProblems } from "./PortChecks.ts";
import { httpProblems } from "./HttpOf.ts";
import { rpcProblems } from "./RpcOf.ts";
import { logProblems } from "./LogChecks.ts";
import { listenProblems } from "./ListenChecks.ts";
import { shadowProblems } from "./ShadowChecks.ts";
import { startProblems } from "./StartChecks.ts";
import { get, labelOf, locate, type Located, type Path, type Problem } from "./Source.ts";
import { unmanagedProblems } from "./UnmanagedOf.ts";

interface Found {
  readonly node: Located;
  readonly path: Path;
  readonly group: boolean;
}

/** Every unit and group of the tree, in the order of the file. */
const entriesOf = (root: Located, path: Path): ReadonlyArray<Found> =>
  (locate(root, path)?.items ?? []).flatMap((node, index) => {
    const here = [...path, index];
    const group = isGroup(node.value);
    return [{ node, path: here, group }, ...(group ? entriesOf(root, [...here, "children"]) : [])];
  });

const nameOf = (unit: Located): string => {
  const id = get(unit, "id")?.node;
  return id?.kind === "string" ? `unit ${JSON.stringify(id.value)}` : "a unit without an id";
};
const isOff = (node: Located | undefined): boolean => get(node, "enabled")?.node.value === false;

/** Where an offset is, for who looks at another one. */
type Where = (offset: number, from: number) => string;

const duplicates = (found: ReadonlyArray<Found>, where: Where): ReadonlyArray<Problem> => {
  // A text of its own for each of many thousands costs megabytes.
  const seen = new Map<unknown, { readonly id: Located; readonly message: string; readonly hints: Map<string, string> }>();
  return found.flatMap(({ node }): ReadonlyArray<Problem> => {
    const id = get(node, "id")?.node;
    if (id?.kind !== "string") return [];
    const first = seen.get(id.value);
    if (first === undefined) {
      seen.set(id.value, { id, message: `the id ${JSON.stringify(id.value)} is given twice`, hints: new Map() });
      return [];
    }
    const place = where(first.id.start, id.start);
    let hint = first.hints.get(place);
    if (hint === undefined) first.hints.set(place, (hint = `it is first given ${place}`));
    const { message } = first;
    return [{ code: "HSU-CFG-012", start: id.start, end: id.end, message, expected: "an id that is used once in the whole tree", hint }];
  });
};

const KINDS = ["standard_managed", "integrated_managed", "unmanaged", "module"];

const kinds = ({ node, path }: Found, root: Located): ReadonlyArray<Problem> => {
  const type = get(node, "type");
  const block = nestedOf(get(node, "management")?.node.value);
  const stated = type?.node.kind === "string" ? String(type.node.value) : undefined;
  if (stated !== undefined && !KINDS.includes(stated)) return [];
  const problems: Array<Problem> = [];
  if (block !== undefined && stated !== undefined && stated !== block) {
    const { start, end } = labelOf(root, [...path, "management", block]);
    const message = `${nameOf(node)} is of type ${JSON.stringify(stated)}, and its management block is of ${JSON.stringify(block)}`;
    problems.push({ code: "HSU-CFG-017", start, end, message, expected: `the block ${JSON.stringify(stated)}` });
  }
  return problems;
};

type Idle = readonly [place: string, only?: ReadonlyArray<string> | undefined, except?: ReadonlyArray<string>];
const isUnmanaged = ({ node }: Found): boolean =>
  (get(node, "type")?.node.value ?? nestedOf(get(node, "management")?.node.value)) === "unmanaged";

/** What is accepted without effect, by place in a unit: the key itself, or only some keys of it (`except`: all but these). */
const WITHOUT_EFFECT: ReadonlyArray<Idle> = [
  ["management.process_file"],
  ["management.metadata", ["version", "tags"]],
  ["management.unmanaged.metadata", ["version", "tags"]],
  ...["standard_managed", "integrated_managed"].flatMap((kind): ReadonlyArray<Idle> => [
    [`management.${kind}.metadata`, ["version", "tags"]],
    [`management.${kind}.control.process_file`],
  ]),
];

const withoutEffect = ({ node }: Found): ReadonlyArray<Problem> =>
  WITHOUT_EFFECT.flatMap(([place, only, except]): ReadonlyArray<Problem> => {
    const entry = get(node, ...place.split("."));
    if (entry === undefined) return [];
    const { start, end, key } = entry;
    const name = JSON.stringify(key);
    if (only === undefined && except === undefined) {
      // What is switched off is just as off as it says.
      if (isOff(entry.node) || isOff(get(entry.node, "run_options")?.node)) return [];
      return [{ code: "HSU-CFG-101", start, end, message: `${nameOf(node)}: ${name} is accepted and not in effect in this version` }];
    }
    const idle = Array.from(entry.node.entries.keys()).filter((inner) => only?.includes(inner) ?? !except?.includes(inner));
    const message = `${nameOf(node)}: ${idle.join(", ")} in ${name} ${idle.length === 1 ? "is" : "are"} accepted and not in effect in this version`;
    return idle.length === 0 ? [] : [{ code: "HSU-CFG-101", start, end, message }];
  });

/** A profile only says how much patience there is, and what that is stands in `context_aware_restart`. */
const idleProfile = ({ node }: Found): ReadonlyArray<Problem> => {
  const profile = get(node, "profile_type");
  const places = [[], ["standard_managed", "control"], ["integrated_managed", "control"]];
  if (profile === undefined || places.some((place) => get(node, "management", ...place, "context_aware_restart"))) return [];
  const message = `${nameOf(node)}: "profile_type" has no effect without "context_aware_restart"`;
  return [{ code: "HSU-CFG-101", start: profile.start, end: profile.end, message }];
};

/** Who is alone is not restarted one after the other. */
const idleRolling = ({ node }: Found, instances: ReadonlyMap<string, string>): ReadonlyArray<Problem> => {
  const entry = get(node, "max_unavailable");
  if (entry === undefined || instances.has(String(get(node, "id")?.node.value))) return [];
  const message = `${nameOf(node)}: "max_unavailable" has no effect without "count"`;
  return [{ code: "HSU-CFG-101", start: entry.start, end: entry.end, message }];
};

const OF_INTENSITY = ["period", "when_exceeded", "cooldown", "stable"];

/** What says more of a limit that there is not. */
const idleLimit = (node: Located | undefined): ReadonlyArray<Problem> =>
  get(node, "intensity") !== undefined
    ? []
    : OF_INTENSITY.flatMap((key): ReadonlyArray<Problem> => {
        const entry = get(node, key);
        if (entry === undefined) return [];
        const message = `${JSON.stringify(key)} without "intensity" limits nothing`;
        const hint = "add intensity: the restarts allowed within the period";
        return [{ code: "HSU-CFG-101", start: entry.start, end: entry.end, message, hint }];
      });

const probes = ({ node }: Found): ReadonlyArray<Problem> => {
  const management = get(node, "management")?.node;
  const kind = nestedOf(management?.value);
  const block = kind === undefined ? management : get(management, kind)?.node;
  const integrated = (get(node, "type")?.node.value ?? kind) === "integrated_managed";
  if (block?.kind !== "map") return [];
  const options = get(block, "health_check_run_options");
  const onCall = integrated ? undefined : get(block, "control", "on_call");
  const idle = !integrated && options !== undefined && !isOff(options.node) && get(block, "health_check") === undefined;
  const message = `${nameOf(node)}: "health_check_run_options" without "health_check" asks nothing`;
  const deaf = `${nameOf(node)}: "on_call" has no effect: only an integrated unit is called`;
  return [
    ...(onCall === undefined ? [] : [{ code: "HSU-CFG-101" as const, start: onCall.start, end: onCall.end, message: deaf }]),
    ...checkProbes(block, integrated),
    ...(idle ? [{ code: "HSU-CFG-101" as const, start: options.start, end: options.end, message }] : []),
  ];
};

/** All findings about the file as a whole. */
/** `instances`: of each instance, what it is one of. */
export const check = (
  root: Located,
  where: Where,
  instances: ReadonlyMap<string, string> = new Map(),
  /** Those that a unit waits for may be in the rest of the file. */
  isPart = false,
): ReadonlyArray<Problem> => {
  const found = entriesOf(root, ["managed_processes"]);
  const units = found.filter((entry) => !entry.group);
  const list = get(root, "managed_processes");
  const problems = [
    ...duplicates(found, where),
    ...units.flatMap((unit) => {
      const kind = kinds(unit, root);
      if (kind.length > 0) return kind;
      if (isUnmanaged(unit)) {
        return [...withoutEffect(unit), ...probes(unit), ...unmanagedProblems(nameOf(unit.node), get(unit.node, "management")?.node)];
      }
      return [...withoutEffect(unit), ...idleProfile(unit), ...probes(unit)];
    }),
    ...listenProblems(
      units.map(({ node }) => node),
      nameOf,
      instances,
    ),
    ...units.flatMap((unit) => idleRolling(unit, instances)),
    ...units.flatMap((unit) => shadowProblems(unit.node, nameOf(unit.node))),
    ...portProblems(
      root,
      units.map(({ node }) => node),
      nameOf,
    ),
    ...units.flatMap((unit) => startProblems(unit.node, nameOf(unit.node))),
    ...units.flatMap((unit) => pathProblems(unit.node, nameOf(unit.node))),
    ...httpProblems(root),
    ...rpcProblems(root),
    ...logProblems(
      root,
      units.map(({ node }) => node),
      nameOf,
    ),
    ...(isPart ? [] : checkOrder(root)),
    ...idleLimit(get(root, "process_manager")?.node),
    ...found.filter((entry) => entry.group).flatMap((entry) => idleLimit(entry.node)),
  ];
  if (list?.node.kind === "list" && list.node.items.length === 0) {
    problems.push({
      code: "HSU-CFG-104",
      start: list.start,
      end: list.end,
      message: '"managed_processes" is empty: the master will run nothing',
    });
  }
  return problems;
};
