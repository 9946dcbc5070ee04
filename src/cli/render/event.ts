/**
 * Events and lines of output as people read them.
 */
import type { MasterEvent } from "../../protocol/MasterRpc.ts";
import type { Paint, Style } from "./paint.ts";
import { clean } from "./text.ts";
import { clock } from "./units.ts";

const styleOf = (type: string, paint: Paint): Style => {
  if (type === "gave_up" || type === "escalated" || type === "failed") return paint.red;
  if (type === "exited" || type === "restarting") return paint.yellow;
  return type === "started" || type === "running" ? paint.green : (text) => text;
};

/** `12:00:03 units/web/server  exited with code 1`. */
export const eventLine = (event: MasterEvent, paint: Paint, time: (at: number) => string = clock): string => {
  const subject = clean(event.path.join("/"));
  return `${paint.dim(time(event.at))} ${subject === "" ? "" : `${paint.bold(subject)}  `}${styleOf(event.type, paint)(clean(event.message))}`;
};
