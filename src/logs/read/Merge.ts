/**
 * Several rows of lines, each in order, as one.
 */

/** `isBefore`: strictly; of equal ones the first row's come first. */
export async function* merged<A>(
  rows: ReadonlyArray<AsyncGenerator<ReadonlyArray<A>>>,
  isBefore: (one: A, other: A) => boolean,
): AsyncGenerator<ReadonlyArray<A>> {
  const heads: Array<{ readonly row: AsyncGenerator<ReadonlyArray<A>>; lines: ReadonlyArray<A>; at: number }> = [];
  for (const row of rows) {
    const { done, value } = await row.next();
    if (done !== true) heads.push({ row, lines: value, at: 0 });
  }
  while (heads.length > 0) {
    let out: Array<A> = [];
    for (let empty = false; !empty;) {
      let best = heads[0]!;
      for (const head of heads) if (isBefore(head.lines[head.at]!, best.lines[best.at]!)) best = head;
      out.push(best.lines[best.at++]!);
      if (best.at < best.lines.length) continue;
      empty = true;
      const { done, value } = await best.row.next();
      if (done === true) heads.splice(heads.indexOf(best), 1);
      else Object.assign(best, { lines: value, at: 0 });
    }
    yield out;
    out = [];
  }
}
