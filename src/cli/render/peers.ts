/**
 * Other masters as a table.
 */
import type { PeerStatus } from "../../protocol/Peers.ts";
import type { Paint } from "./paint.ts";
import { align, clean } from "./text.ts";
import { duration } from "./units.ts";

const header = ["NAME", "STATE", "SINCE", "ADDRESS", "VERSION", "ROLE", "NOTE"];

export const peersTable = (peers: ReadonlyArray<PeerStatus>, now: number, paint: Paint): string => {
  const style = { up: paint.green, down: paint.red, connecting: paint.yellow };
  const rows = peers.map(({ address, configured, group, name, reason, role, since, state, version }) => [
    clean(name),
    style[state](state),
    duration(Math.max(0, now - since)),
    clean(address),
    version === null ? "-" : clean(version),
    role === null ? "-" : clean(group === null ? role : `${role} of ${group}`),
    [...(configured ? ["in the config"] : []), ...(reason === null ? [] : [clean(reason)])].join(": "),
  ]);
  return `${align([header.map(paint.bold), ...rows]).join("\n")}\n`;
};
