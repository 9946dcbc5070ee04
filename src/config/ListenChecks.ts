/**
 * Which of the keys of ListenOf.ts go together with others, and that no two units want one socket.
 */
import { isMode } from "./ListenOf.ts";
import { type Entry, get, type Located, type Problem } from "./Source.ts";
import { clash, CONTROLS, restartsAlways } from "./StartChecks.ts";

const wrong = ({ end, start }: Pick<Entry, "end" | "start">, message: string, hint?: string): Problem => ({
  code: "HSU-CFG-033",
  start,
  end,
  message,
  ...(hint === undefined ? {} : { hint }),
});

const isOn = (entry: Entry | undefined): entry is Entry => entry !== undefined && entry.node.value !== false;

/** One unit's own. */
const ofUnit = (control: Located, policy: Located | undefined, name: string): ReadonlyArray<Problem> => {
  const key = (of: string): Entry | undefined => get(control, of);
  const [listen, onDemand, onCall, schedule] = ["listen", "on_demand", "on_call", "schedule"].map(key);
  const problems: Array<Problem> = [];
  if (isOn(onDemand)) {
    if (listen === undefined) {
      const hint = "add listen: the sockets that somebody connects to";
      problems.push(clash(onDemand, `${name}: "on_demand" waits for a connection to a socket that there is not`, hint));
    }
    if (isOn(onCall)) problems.push(clash(onCall, `${name}: it is started by a call, or by a connection, not by both`));
    const strategy = restartsAlways(policy);
    if (strategy !== undefined) {
      const message = `${name}: with "on_demand" it cannot be restarted ${JSON.stringify(strategy.value)}: it may end when nobody is connected`;
      problems.push(clash(strategy, message, "on_failure, which is the default of such a unit"));
    }
  }
  const proxy = key("proxy");
  if (isOn(proxy) && listen === undefined) {
    const hint = "add listen: the sockets that somebody connects to";
    problems.push(clash(proxy, `${name}: "proxy" has nobody to pass on: it listens nowhere`, hint));
  }
  if (listen === undefined) return problems;
  if (get(control, "start")?.node.value === "oneshot")
    problems.push(clash(listen, `${name}: a "oneshot" has ended before anybody is answered`));
  if (schedule !== undefined) problems.push(clash(listen, `${name}: it is started by its schedule, or by who connects, not by both`));
  for (const socket of listen.node.items) {
    const mode = get(socket, "mode");
    if (mode !== undefined && !isMode(mode.node.text)) {
      problems.push(wrong(mode.node, `${name}: ${mode.node.text} is no mode of a file`, "three octal digits, as in 0660"));
    }
  }
  return problems;
};

/** Each address of a control block, as it is written, and where. */
const addressesOf = (control: Located): ReadonlyArray<readonly [string, Located]> =>
  (get(control, "listen")?.node.items ?? []).flatMap((socket) =>
    ["tcp", "unix"].flatMap((kind): ReadonlyArray<readonly [string, Located]> => {
      const node = get(socket, kind)?.node;
      return node === undefined ? [] : [[`${kind} ${node.text}`, node]];
    }),
  );

/** `units` in the order of the file. */
export const listenProblems = (
  units: ReadonlyArray<Located>,
  nameOf: (unit: Located) => string,
  instances: ReadonlyMap<string, string>,
): ReadonlyArray<Problem> => {
  const taken = new Map<string, { readonly name: string; readonly of: string | undefined }>();
  return units.flatMap((unit) =>
    CONTROLS.flatMap(({ control: place, policy }) => {
      const control = get(unit, ...place)?.node;
      if (control === undefined) return [];
      const name = nameOf(unit);
      const of = instances.get(String(get(unit, "id")?.node.value));
      const twice = addressesOf(control).flatMap(([address, node]) => {
        const first = taken.get(address);
        taken.set(address, first ?? { name, of });
        if (first === undefined) return [];
        if (of === undefined || first.of !== of) return [wrong(node, `${name}: ${first.name} listens on ${address} already`)];
        const onDemand = get(control, "on_demand");
        if (!isOn(onDemand)) return [];
        const hint = "give each a socket of its own, with {index}, or leave on_demand out";
        return [
          clash(onDemand, `${name}: a connection to ${address}, which its instances share, is for none of them to be started by`, hint),
        ];
      });
      return [...ofUnit(control, get(unit, ...policy)?.node, name), ...twice];
    }),
  );
};
