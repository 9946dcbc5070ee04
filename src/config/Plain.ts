/**
 * The YAML that configs are mostly made of, read at once: block maps and lists, flow ones, plain and quoted texts of one line. It takes nothing that it is
 * not sure of: the YAML package reads what is anything else, and a test compares the two. Ten times faster than that, with a third of the memory. Pure.
 */
import type { LineOf } from "./Lines.ts";
import { type Entry, listOf, type Located, mapOf, type Problem, scalar, unique } from "./Located.ts";

/** Why it is left to somebody else, and from where on. */
export class NotPlain extends Error {
  readonly at: number;
  readonly why: "depth" | "values" | "form";
  constructor(at: number, why: NotPlain["why"] = "form") {
    super(why);
    this.at = at;
    this.why = why;
  }
}

/** Left behind: characters that lines, spaces or documents may be made of for a YAML parser. */
// oxlint-disable-next-line no-control-regex
const STRANGE = /[\t\r\0-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]|^(?:---|\.\.\.|%)/m;
const MAX_DEPTH = 100;

const SPACE = 0x20;
const NEWLINE = 0x0a;
const HASH = 0x23;
const DASH = 0x2d;
const COLON = 0x3a;
const COMMA = 0x2c;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BACKSLASH = 0x5c;

/** What no plain text begins with. */
const INDICATORS = new Set(Array.from("?:,[]{}#&*!|>'\"%@`", (char) => char.charCodeAt(0)));
const BRACKETS = new Set(Array.from(",[]{}", (char) => char.charCodeAt(0)));

const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
  ...["null", "Null", "NULL", "~"].map((word) => [word, null] as const),
]);
const INTEGER = /^[-+]?[0-9]+$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)$/;
/** Numbers of other forms. */
const ODD_NUMBER = /^(?:0o|0x|[-+]?\.(?:inf|nan)|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)e)/i;

const isKeyPart = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x30 && code <= 0x39) ||
  code === 0x5f ||
  code === DASH ||
  code === 0x2e ||
  code === 0x2f;

class Reader {
  readonly #text: string;
  readonly #base: number;
  readonly #lineOf: LineOf;
  readonly #most: number;
  readonly problems: Array<Problem> = [];
  values = 0;
  /** Of the line that is next: where it begins, where its first character is; at the end of the text both are there. */
  #line = 0;
  #first = 0;
  /** Behind the last line that was taken. */
  #end = 0;

  constructor(text: string, base: number, lineOf: LineOf, most: number) {
    this.#text = text;
    this.#base = base;
    this.#lineOf = lineOf;
    this.#most = most;
  }

  read(): Located | undefined {
    const strange = STRANGE.exec(this.#text);
    if (strange !== null) throw new NotPlain(strange.index);
    this.#next(0);
    if (this.#first === this.#text.length) return undefined;
    const code = this.#code(this.#first);
    const isFlow = code === 0x5b || code === 0x7b;
    const root = isFlow ? this.#value(this.#first, -1, 0) : this.#block(this.#indent(), 0);
    if (this.#first !== this.#text.length) throw new NotPlain(this.#first);
    return root;
  }

  #code(at: number): number {
    return this.#text.charCodeAt(at);
  }

  #indent(): number {
    return this.#first === this.#text.length ? -1 : this.#first - this.#line;
  }

  /** Goes to the next line that says something, from the beginning of a line. */
  #next(from: number): void {
    const text = this.#text;
    let line = from;
    for (;;) {
      let at = line;
      while (at < text.length && text.charCodeAt(at) === SPACE) at++;
      const code = text.charCodeAt(at);
      if (at >= text.length) {
        this.#line = text.length;
        this.#first = text.length;
        return;
      }
      if (code === NEWLINE) line = at + 1;
      else if (code === HASH) {
        const end = text.indexOf("\n", at);
        line = end === -1 ? text.length : end + 1;
      } else {
        this.#line = line;
        this.#first = at;
        return;
      }
    }
  }

  /** The rest of a line is nothing, or a comment: goes on behind it. */
  #endOfLine(at: number): void {
    const text = this.#text;
    let to = at;
    while (text.charCodeAt(to) === SPACE) to++;
    const code = text.charCodeAt(to);
    if (to < text.length && code !== NEWLINE && (code !== HASH || to === at)) throw new NotPlain(to);
    const end = code === NEWLINE ? to : text.indexOf("\n", to);
    this.#end = end === -1 || to >= text.length ? text.length : end + 1;
    this.#next(this.#end);
  }

  #count(at: number): void {
    if (++this.values > this.#most) throw new NotPlain(at, "values");
  }

  #isItem(at: number): boolean {
    if (this.#code(at) !== DASH) return false;
    const code = this.#code(at + 1);
    return at + 1 >= this.#text.length || code === SPACE || code === NEWLINE;
  }

  /** What begins with the line that is next, which is indented by so much. */
  #block(indent: number, depth: number): Located {
    if (depth > MAX_DEPTH) throw new NotPlain(this.#first, "depth");
    return this.#isItem(this.#first) ? this.#list(indent, depth) : this.#map(this.#first, indent, depth);
  }

  #list(indent: number, depth: number): Located {
    const start = this.#first;
    const items: Array<Located> = [];
    while (this.#indent() === indent && this.#isItem(this.#first)) {
      let at = this.#first + 1;
      while (this.#code(at) === SPACE) at++;
      const code = this.#code(at);
      if (at >= this.#text.length || code === NEWLINE || code === HASH) items.push(this.#below(at, indent, false, depth));
      // A map may begin in the line of its dash.
      else if (this.#keyEnd(at) === -1) items.push(this.#value(at, indent, depth));
      else items.push(this.#map(at, indent + at - this.#first, depth + 1));
    }
    if (this.#indent() > indent) throw new NotPlain(this.#first);
    return listOf(items, start + this.#base, this.#end + this.#base);
  }

  #map(first: number, indent: number, depth: number): Located {
    if (depth > MAX_DEPTH) throw new NotPlain(first, "depth");
    this.#count(first);
    const written: Array<Entry> = [];
    let begin = first;
    for (;;) {
      const end = this.#keyEnd(begin);
      if (end === -1) throw new NotPlain(begin);
      const key = this.#keyOf(begin, end);
      let at = end + 1;
      while (this.#code(at) === SPACE) at++;
      const code = this.#code(at);
      const isOpen = at >= this.#text.length || code === NEWLINE || code === HASH;
      const node = isOpen ? this.#below(at, indent, true, depth) : this.#value(at, indent, depth);
      written.push({ key, start: begin + this.#base, end: end + this.#base, node });
      const next = this.#indent();
      if (next > indent) throw new NotPlain(this.#first);
      if (next < indent || this.#isItem(this.#first)) break;
      begin = this.#first;
    }
    return mapOf(unique(written, this.#lineOf, this.problems), first + this.#base, this.#end + this.#base);
  }

  /** The value of what ends its line, with a key or a dash: what is indented more, or nothing. */
  #below(at: number, indent: number, isKey: boolean, depth: number): Located {
    const empty = at;
    // A comment needs a space before it, which is part of where nothing is.
    this.#endOfLine(at - 1 >= 0 && this.#code(at - 1) === SPACE ? at - 1 : at);
    const next = this.#indent();
    if (next > indent) return this.#nested(next, depth);
    if (isKey && next === indent && this.#isItem(this.#first)) return this.#list(indent, depth + 1);
    this.#count(empty);
    return scalar(null, "", empty + this.#base, empty + this.#base);
  }

  #nested(indent: number, depth: number): Located {
    // A text of its own line may go on in the next one.
    if (!this.#isItem(this.#first) && this.#keyEnd(this.#first) === -1) throw new NotPlain(this.#first);
    return this.#block(indent, depth + 1);
  }

  /** A value in the rest of a line, or from there on in brackets. */
  #value(at: number, indent: number, depth: number): Located {
    const code = this.#code(at);
    let node: Located;
    let end: number;
    if (code === QUOTE || code === APOSTROPHE) {
      end = this.#quoteEnd(at);
      node = this.#quoted(at, end);
    } else if (code === 0x5b || code === 0x7b) {
      [node, end] = this.#flow(at, indent, depth + 1);
    } else {
      end = this.#plainEnd(at);
      node = this.#plain(at, end);
    }
    this.#endOfLine(end);
    // What is indented more would be more of it.
    if (this.#indent() > indent) throw new NotPlain(this.#first);
    return node;
  }

  /** Of the key that begins there, its colon; -1 where there is none that is certain. In brackets a quoted one needs no space behind it, as in JSON. */
  #keyEnd(at: number, isFlow = false): number {
    const text = this.#text;
    let end = at;
    const quote = text.charCodeAt(at);
    if (quote === QUOTE || quote === APOSTROPHE) {
      end = at + 1;
      for (; ; end++) {
        const code = text.charCodeAt(end);
        if (end >= text.length || code === NEWLINE || code === BACKSLASH) return -1;
        if (code === quote) break;
      }
      end++;
      if (text.charCodeAt(end) === quote) return -1;
      if (isFlow && text.charCodeAt(end) === COLON) return end;
    } else {
      if (quote === DASH || quote === 0x2e || quote === 0x2f) return -1;
      while (isKeyPart(text.charCodeAt(end))) end++;
    }
    if (end === at || end - at > 200 || text.charCodeAt(end) !== COLON) return -1;
    const behind = text.charCodeAt(end + 1);
    return end + 1 >= text.length || behind === SPACE || behind === NEWLINE ? end : -1;
  }

  #keyOf(at: number, end: number): string {
    this.#count(at);
    const quote = this.#code(at);
    return quote === QUOTE || quote === APOSTROPHE ? this.#text.slice(at + 1, end - 1) : this.#text.slice(at, end);
  }

  /** Behind a quoted text of one line without escapes. */
  #quoteEnd(at: number): number {
    const text = this.#text;
    const quote = text.charCodeAt(at);
    for (let end = at + 1; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === quote) {
        if (text.charCodeAt(end + 1) === quote) throw new NotPlain(at);
        return end + 1;
      }
      if (code === NEWLINE || (code === BACKSLASH && quote === QUOTE)) throw new NotPlain(at);
    }
    throw new NotPlain(at);
  }

  #quoted(at: number, end: number): Located {
    this.#count(at);
    const value = this.#text.slice(at + 1, end - 1);
    return scalar(value, value, at + this.#base, end + this.#base);
  }

  /** Behind a plain text in the rest of a line. */
  #plainEnd(at: number): number {
    const text = this.#text;
    const first = text.charCodeAt(at);
    if (INDICATORS.has(first)) throw new NotPlain(at);
    if (first === DASH && text.charCodeAt(at + 1) === SPACE) throw new NotPlain(at);
    let end = at;
    let last = at;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === NEWLINE) break;
      if (code === SPACE) continue;
      if (code === HASH && text.charCodeAt(end - 1) === SPACE) break;
      if (code === COLON) {
        const behind = text.charCodeAt(end + 1);
        if (end + 1 >= text.length || behind === SPACE || behind === NEWLINE) throw new NotPlain(at);
      }
      last = end + 1;
    }
    return last;
  }

  #plain(at: number, end: number): Located {
    this.#count(at);
    const text = this.#text.slice(at, end);
    const [from, to] = [at + this.#base, end + this.#base];
    const word = WORDS.get(text);
    if (word !== undefined) return scalar(word, text, from, to);
    const code = text.charCodeAt(0);
    if ((code >= 0x30 && code <= 0x39) || code === 0x2e || code === DASH || code === 0x2b) {
      if (INTEGER.test(text) || FLOAT.test(text)) return scalar(Number(text), text, from, to);
      if (ODD_NUMBER.test(text)) throw new NotPlain(at);
    }
    if (text === "<<" || text === "-") throw new NotPlain(at);
    return scalar(text, text, from, to);
  }

  /** In brackets a line is as good as a space, as long as it is indented more than what the brackets are in. */
  #space(from: number, indent: number): number {
    const text = this.#text;
    let at = from;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === SPACE) at++;
      else if (code === NEWLINE) {
        const line = at + 1;
        for (at = line; text.charCodeAt(at) === SPACE; at++);
        if (text.charCodeAt(at) !== NEWLINE && at - line <= indent) throw new NotPlain(at);
      } else return at;
    }
  }

  #flow(start: number, indent: number, depth: number): readonly [Located, number] {
    if (depth > MAX_DEPTH) throw new NotPlain(start, "depth");
    this.#count(start);
    const isMap = this.#code(start) === 0x7b;
    const close = isMap ? 0x7d : 0x5d;
    const written: Array<Entry> = [];
    const items: Array<Located> = [];
    let at = this.#space(start + 1, indent);
    while (this.#code(at) !== close) {
      const begin = at;
      const colon = this.#keyEnd(at, true);
      if (isMap === (colon === -1)) throw new NotPlain(at);
      if (isMap) at = this.#space(colon + 1, indent);
      const [node, end] = this.#flowValue(at, indent, depth);
      if (isMap) written.push({ key: this.#keyOf(begin, colon), start: begin + this.#base, end: colon + this.#base, node });
      else items.push(node);
      at = this.#space(end, indent);
      if (this.#code(at) === COMMA) at = this.#space(at + 1, indent);
      else if (this.#code(at) !== close) throw new NotPlain(at);
    }
    const [from, to] = [start + this.#base, at + 1 + this.#base];
    return [isMap ? mapOf(unique(written, this.#lineOf, this.problems), from, to) : listOf(items, from, to), at + 1];
  }

  #flowValue(at: number, indent: number, depth: number): readonly [Located, number] {
    const text = this.#text;
    const first = text.charCodeAt(at);
    if (first === 0x5b || first === 0x7b) return this.#flow(at, indent, depth + 1);
    if (first === QUOTE || first === APOSTROPHE) {
      const end = this.#quoteEnd(at);
      // Behind a quote a colon makes a key of it, also without a space.
      if (text.charCodeAt(end) === COLON) throw new NotPlain(at);
      return [this.#quoted(at, end), end];
    }
    const second = text.charCodeAt(at + 1);
    if (INDICATORS.has(first) || (first === DASH && (second === SPACE || second === NEWLINE || BRACKETS.has(second))))
      throw new NotPlain(at);
    let last = at;
    for (let end = at; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === SPACE) continue;
      if (BRACKETS.has(code)) {
        if (code === 0x5b || code === 0x7b) throw new NotPlain(at);
        return [this.#plain(at, last), last];
      }
      if (code === NEWLINE) {
        const next = text.charCodeAt(this.#space(end, indent));
        if (next !== COMMA && next !== 0x5d && next !== 0x7d) throw new NotPlain(at);
        return [this.#plain(at, last), last];
      }
      if (code === HASH && text.charCodeAt(end - 1) === SPACE) throw new NotPlain(at);
      if (code === COLON) {
        const behind = text.charCodeAt(end + 1);
        if (behind === SPACE || behind === NEWLINE || BRACKETS.has(behind)) throw new NotPlain(at);
      }
      last = end + 1;
    }
    throw new NotPlain(at);
  }
}

export interface Plain {
  /** Absent: the text holds no value at all. */
  readonly root: Located | undefined;
  /** Keys that are given twice. */
  readonly problems: ReadonlyArray<Problem>;
  /** Values and keys that there are. */
  readonly values: number;
}

/** A text of which all is plain; else where and why it is not. `base`: of its first character; `most`: as many values there may be. */
export const readPlain = (text: string, base: number, lineOf: LineOf, most = Infinity): Plain | NotPlain => {
  const reader = new Reader(text, base, lineOf, most);
  try {
    const root = reader.read();
    return { root, problems: reader.problems, values: reader.values };
  } catch (cause) {
    if (cause instanceof NotPlain) return cause;
    throw cause;
  }
};
