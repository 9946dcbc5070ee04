/**
 * A large file in pieces, each of which can be read by itself: a YAML parser keeps a hundred times the size of what it reads. Pure.
 */

/** Offsets; `end` is exclusive. */
export type Span = readonly [start: number, end: number];

export interface Chunks {
  /** All up to the first item of the list, with the key of the list. */
  readonly head: Span;
  /** Items of the list, some at a time. */
  readonly items: ReadonlyArray<Span>;
  /** What stands behind the list. */
  readonly tail: Span;
}

/** As much is read at a time. */
const chunkLength = 32_000;

const HEADER = /^(?:managed_processes|workers):[ \t]*(?:#[^\n]*)?\r?\n/gm;
/** What has a meaning beyond its piece: directives and further documents. Of anchors the next piece is told. */
const REACHES = /^(?:%|---|\.\.\.)/m;

const [SPACE, NEWLINE, RETURN, TAB, HASH, DASH] = [0x20, 0x0a, 0x0d, 0x09, 0x23, 0x2d];
const isSpace = (code: number): boolean => code === SPACE || code === NEWLINE || code === RETURN || code === TAB;

/** The pieces, or null where the file has to be read as a whole. */
export const chunksOf = (text: string, length = chunkLength): Chunks | null => {
  const [header, second] = text.matchAll(HEADER);
  if (header === undefined || second !== undefined || REACHES.test(text)) return null;
  const first = header.index + header[0].length;
  let indent = -1;
  let begin = first;
  const items: Array<Span> = [];
  for (let at = first; at < text.length;) {
    const next = text.indexOf("\n", at);
    const after = next === -1 ? text.length : next + 1;
    let first = at;
    while (text.charCodeAt(first) === SPACE) first++;
    let said = first;
    while (said < after && isSpace(text.charCodeAt(said))) said++;
    if (said < after && text.charCodeAt(said) !== HASH) {
      const own = first - at;
      const isItem = text.charCodeAt(first) === DASH && (first + 1 >= text.length || isSpace(text.charCodeAt(first + 1)));
      if (indent === -1) {
        if (!isItem) return null;
        indent = own;
        begin = at;
      } else if (own < indent || (own === indent && !isItem)) {
        // What is indented, and not as the items are, is for the whole to complain of.
        if (own > 0) return null;
        return { head: [0, items[0]?.[0] ?? begin], items: close(items, begin, at), tail: [at, text.length] };
      } else if (isItem && own === indent && at - begin >= length) {
        items.push([begin, at]);
        begin = at;
      }
    }
    at = after;
  }
  if (indent === -1) return null;
  return { head: [0, items[0]?.[0] ?? begin], items: close(items, begin, text.length), tail: [text.length, text.length] };
};

const close = (items: ReadonlyArray<Span>, begin: number, end: number): ReadonlyArray<Span> => [...items, [begin, end]];
