/**
 * Who had its turn, in order, as lines for people: `counter: Get, Set > main` is a turn of an actor that woke up a fiber, `main` a step of a fiber,
 * `5000 ms` the time from there on.
 */
interface Turn {
  who: string;
  readonly did: Array<string>;
  readonly woke: Array<string>;
}

export class Trace {
  private readonly turns: Array<Turn> = [];
  private readonly names = new Map<number, string>();
  private closed = false;

  /** A turn begins. */
  begin(): void {
    if (!this.closed) this.turns.push({ who: "", did: [], woke: [] });
  }

  /** It is that of an actor. */
  turnOf(path: ReadonlyArray<string>): void {
    const turn = this.current();
    if (turn !== undefined) turn.who = path.join("/");
  }

  /** The one whose turn it is has handled a message. */
  did(what: string): void {
    this.current()?.did.push(what);
  }

  /** A fiber goes on. Fibers are numbered in the order in which they are seen: their own ids differ from run to run. */
  fiber(id: number): void {
    let name = this.names.get(id);
    if (name === undefined) this.names.set(id, (name = this.names.size === 0 ? "main" : `fiber ${this.names.size}`));
    const turn = this.current();
    if (turn !== undefined && turn.woke.at(-1) !== name) turn.woke.push(name);
  }

  time(millis: number): void {
    if (!this.closed) this.turns.push({ who: `${millis} ms`, did: [], woke: [] });
  }

  /** What comes now is no part of it. */
  close(): void {
    this.closed = true;
  }

  /** The same line many times in a row is one, with a number. */
  lines(): ReadonlyArray<string> {
    const lines: Array<{ readonly text: string; times: number }> = [];
    for (const turn of this.turns) {
      const text = show(turn);
      const last = lines.at(-1);
      if (last?.text === text) last.times++;
      else if (text !== "") lines.push({ text, times: 1 });
    }
    return lines.map(({ text, times }) => (times === 1 ? text : `${text} (${times} times)`));
  }

  private current(): Turn | undefined {
    return this.closed ? undefined : this.turns.at(-1);
  }
}

const show = ({ did, who, woke }: Turn): string => {
  const fibers = woke.join(", ");
  if (who === "") return fibers;
  const handled = did.length === 0 ? who : `${who}: ${did.join(", ")}`;
  return woke.length === 0 ? handled : `${handled} > ${fibers}`;
};
