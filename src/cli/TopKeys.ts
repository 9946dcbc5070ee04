/**
 * What keys do in `hsu top`. Pure.
 */
import type { Order } from "./render/top.ts";

export interface TopState {
  readonly order: Order;
  /** Units whose names have this in them. */
  readonly filter: string;
  /** What keys are: commands, letters of the filter, or the answer to whether a unit is to be signalled. */
  readonly mode: "keys" | "filter" | "confirm";
  /** The line that is marked, among those that are shown. */
  readonly selected: number;
  /** In `confirm`, who: the order may be another one by the time of the answer. */
  readonly asked: string | null;
}

export type TopAction = { readonly _tag: "Quit" } | { readonly _tag: "Kill"; readonly unit: string } | null;

export const first = (order: Order): TopState => ({ order, filter: "", mode: "keys", selected: 0, asked: null });

const orders: Readonly<Record<string, Order>> = { c: "cpu", m: "memory", i: "io", n: "name" };

/** Arrows are several characters; a lone escape is one key. */
const keysOf = (text: string): ReadonlyArray<string> =>
  // oxlint-disable-next-line no-control-regex
  text.match(/\u001b\[[A-Z]|[^]/gu) ?? [];

const inFilter = (state: TopState, key: string): TopState => {
  if (key === "\r" || key === "\n") return { ...state, mode: "keys" };
  if (key === "\x1b") return { ...state, mode: "keys", filter: "" };
  if (key === "\x7f" || key === "\b") return { ...state, filter: Array.from(state.filter).slice(0, -1).join("") };
  return key >= " " ? { ...state, filter: state.filter + key, selected: 0 } : state;
};

/** `shown`: the units on the screen, in their order. */
const press = (state: TopState, key: string, shown: ReadonlyArray<string>): readonly [TopState, TopAction] => {
  const quit = { _tag: "Quit" } as const;
  if (key === "\x03") return [state, quit];
  if (state.mode === "filter") return [inFilter(state, key), null];
  const unit = shown[state.selected];
  if (state.mode === "confirm") {
    const { asked } = state;
    return [{ ...state, mode: "keys", asked: null }, key === "y" && asked !== null ? { _tag: "Kill", unit: asked } : null];
  }
  const order = orders[key];
  if (order !== undefined) return [{ ...state, order, selected: 0 }, null];
  switch (key) {
    case "q":
      return [state, quit];
    case "/":
      return [{ ...state, mode: "filter", filter: "", selected: 0 }, null];
    case "\x1b":
      return [{ ...state, filter: "", selected: 0 }, null];
    case "k":
      return [unit === undefined ? state : { ...state, mode: "confirm", asked: unit }, null];
    case "\x1b[A":
      return [{ ...state, selected: Math.max(0, state.selected - 1) }, null];
    case "\x1b[B":
      return [{ ...state, selected: Math.max(0, Math.min(shown.length - 1, state.selected + 1)) }, null];
    default:
      return [state, null];
  }
};

/** The state behind all of them, or behind the first that is to do something. */
export const pressed = (from: TopState, text: string, shown: ReadonlyArray<string>): readonly [TopState, TopAction] => {
  let state = from;
  for (const key of keysOf(text)) {
    const [next, action] = press(state, key, shown);
    state = next;
    if (action !== null) return [state, action];
  }
  return [state, null];
};

/** The last line: what can be done now. */
export const footer = ({ asked, filter, mode, order }: TopState): string => {
  if (mode === "filter") return `filter: ${filter}_  (Enter keeps it, Esc drops it)`;
  if (mode === "confirm") return `send SIGTERM to ${asked}? y sends it, any other key does not`;
  const narrowed = filter === "" ? "" : ` · only *${filter}* (Esc: all)`;
  return `by ${order}${narrowed} · c m i n: order · /: filter · up down k: signal a unit · q: quit`;
};
