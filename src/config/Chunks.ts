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
const chunkLength = 64_000;

const HEADER = /^(?:managed_processes|workers):[ \t]*(?:#[^\n]*)?\r?\n/gm;
/** What has a meaning beyond its piece: anchors, aliases, tags, directives and further documents. */
const REACHES = /(?:^|[\s,[{:-])[&*!][^\s]|^(?:%|---|\.\.\.)/m;

const isBlank = (line: string): boolean => /^\s*(?:#|$)/.test(line);

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
    const line = text.slice(at, after);
    if (!isBlank(line)) {
      const own = line.search(/[^ ]/);
      const isItem = /^ *-(?:\s|$)/.test(line);
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
