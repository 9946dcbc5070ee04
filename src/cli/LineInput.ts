/**
 * A line that is typed on a terminal that hands on each key: what is shown of it, and what it is when it is done. Pure.
 */

export interface LineInput {
  readonly line: string;
  /** Ctrl-P was the last key. */
  readonly isLeaving: boolean;
}

export const empty: LineInput = { line: "", isLeaving: false };

export interface Typed {
  readonly state: LineInput;
  /** Lines that are done, each with its newline. */
  readonly send: string;
  /** What the terminal is to show. */
  readonly echo: string;
  readonly isOver: boolean;
}

/** Keys up to one that ends it: Ctrl-P Ctrl-Q, Ctrl-C, or Ctrl-D in an empty line. */
export const type = (from: LineInput, keys: string): Typed => {
  let { isLeaving, line } = from;
  let [send, echo] = ["", ""];
  const done = (isOver: boolean): Typed => ({ state: { line, isLeaving }, send, echo, isOver });
  for (const key of keys) {
    const wasLeaving = isLeaving;
    isLeaving = key === "\x10";
    if ((wasLeaving && key === "\x11") || key === "\x03" || (key === "\x04" && line === "")) return done(true);
    if (key === "\r" || key === "\n") {
      send += `${line}\n`;
      echo += "\n";
      line = "";
    } else if (key === "\x7f" || key === "\b") {
      if (line !== "") echo += "\b \b";
      line = Array.from(line).slice(0, -1).join("");
    } else if (key === "\x15") {
      echo += "\b \b".repeat(Array.from(line).length);
      line = "";
    } else if (key === "\t" || key >= " ") {
      line += key;
      echo += key;
    }
  }
  return done(false);
};
