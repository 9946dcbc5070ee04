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

  lines(): ReadonlyArray<string> {
    return this.turns.flatMap(({ who, did, woke }) => {
      const fibers = woke.join(", ");
      if (who === "") return woke.length === 0 ? [] : [fibers];
      const handled = did.length === 0 ? who : `${who}: ${did.join(", ")}`;
      return [woke.length === 0 ? handled : `${handled} > ${fibers}`];
    });
  }

  private current(): Turn | undefined {
    return this.closed ? undefined : this.turns.at(-1);
  }
}
