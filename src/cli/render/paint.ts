/**
 * Colours, or none.
 */

/** Wraps text into what a terminal shows as a colour; the plain one gives it back as it is. */
export type Style = (text: string) => string;
export type Paint = Readonly<Record<"bold" | "dim" | "red" | "green" | "yellow" | "cyan", Style>>;

const sgr =
  (on: number, off: number): Style =>
  (text) =>
    text === "" ? "" : `\x1b[${on}m${text}\x1b[${off}m`;

export const coloured: Paint = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  red: sgr(31, 39),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
  cyan: sgr(36, 39),
};

const same: Style = (text) => text;
export const plain: Paint = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

/** Colours only on a terminal that has them, and only if neither `$NO_COLOR` nor `--no-color` says otherwise. */
export const paintFor = (options: {
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly noColor: boolean;
}): Paint => {
  const { NO_COLOR: noColor, TERM: term } = options.env;
  return options.isTTY && !options.noColor && (noColor === undefined || noColor === "") && term !== "dumb" ? coloured : plain;
};

/** The colour of what the probes say. */
export const healthStyle = (paint: Paint, health: string): Style =>
  health === "healthy" ? paint.green : health === "unhealthy" ? paint.red : paint.dim;

/** The colour of a lifecycle state, or of a worker's `running` and `down`. */
export const stateStyle = (paint: Paint, state: string): Style => {
  if (state === "running" || state === "completed") return paint.green;
  if (state === "failed" || state === "down") return paint.red;
  return state === "stopped" || state === "waiting" ? paint.dim : paint.yellow;
};
