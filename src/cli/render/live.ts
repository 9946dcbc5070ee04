/**
 * The picture that `hsu up` draws on a terminal and draws again in place.
 */
import type { MasterEvent, MasterStatus, TreeNode } from "../../protocol/MasterRpc.ts";
import { eventLine } from "./event.ts";
import type { Paint } from "./paint.ts";
import { masterLine } from "./status.ts";
import { truncate } from "./text.ts";
import { treeLines } from "./tree.ts";

/** How many of the last events are shown where there is room. */
export const eventsShown = 8;

/** All that a frame shows. */
export interface Scene {
  readonly status: MasterStatus;
  readonly tree: TreeNode;
  /** Oldest first. */
  readonly events: ReadonlyArray<MasterEvent>;
  /** The last line: what can be done now. */
  readonly footer: string;
  readonly rows: number;
  readonly columns: number;
  readonly time?: (at: number) => string;
}

/**
 * The lines of one frame: at most `rows - 1` of at most `columns`, so that the terminal never scrolls or wraps. Where room is scarce the events
 * go first, down to one; then the tree is cut and says so.
 */
export const frame = (scene: Scene, paint: Paint): ReadonlyArray<string> => {
  const units = new Map(scene.status.units.map((unit) => [unit.id, unit]));
  const tree = treeLines(scene.tree, paint, { units, now: scene.status.now });
  const room = Math.max(1, scene.rows - 1);
  const others = 2; // the master's line and the footer
  const wanted = scene.events.slice(-eventsShown);
  const spare = room - others - tree.length - 2;
  const events = wanted.slice(wanted.length - Math.min(wanted.length, Math.max(1, spare)));
  const gaps = room >= others + tree.length + events.length + 2 ? [""] : [];
  const treeRoom = room - others - events.length - 2 * gaps.length;
  const lines = [
    masterLine(scene.status, paint),
    ...gaps,
    ...cut(tree, treeRoom, paint),
    ...gaps,
    ...events.map((event) => eventLine(event, paint, scene.time)),
    paint.dim(scene.footer),
  ];
  return lines.slice(0, room).map((line) => truncate(line, scene.columns));
};

const cut = (lines: ReadonlyArray<string>, room: number, paint: Paint): ReadonlyArray<string> => {
  if (lines.length <= room) return lines;
  if (room < 1) return [];
  return [...lines.slice(0, room - 1), paint.dim(`… ${lines.length - room + 1} more, see \`hsu status\``)];
};

/**
 * What to write so that `lines` stand where the frame before stood, of which `previous` lines are above the cursor. Each line is overwritten and its
 * rest cleared, within a synchronised update: nothing flickers.
 */
export const repaint = (previous: number, lines: ReadonlyArray<string>): string => {
  const up = previous === 0 ? "\r" : `\r\x1b[${previous}A`;
  return `\x1b[?2026h${up}${lines.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J\x1b[?2026l`;
};

export const hideCursor = "\x1b[?25l";
export const showCursor = "\x1b[?25h";
/** Clears all: after the window changed its size, nobody knows where the old lines are. */
export const clearScreen = "\x1b[2J\x1b[H";
