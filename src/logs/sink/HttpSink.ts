/**
 * What all targets that speak HTTP have in common: a batch is one request, and what is too much for one is sent in halves.
 */
import { type Answer, HttpPoster, shown, verdictOf } from "./Http.ts";
import type { Delivery, LogRecord, LogSink } from "./LogSink.ts";
import type { Destination, Reveal } from "./TargetSpec.ts";

export interface Protocol {
  /** Behind the URL that is given. */
  readonly path: (url: URL) => string;
  readonly contentType: string;
  readonly encode: (records: ReadonlyArray<LogRecord>) => string;
  /** What an answer says of single lines; absent: nothing. */
  readonly judge?: (records: ReadonlyArray<LogRecord>, answer: Answer) => Delivery | void;
}

export const httpSink = (destination: Destination, reveal: Reveal, { contentType, encode, judge, path }: Protocol): LogSink => {
  const poster = new HttpPoster(destination, reveal, path);
  const deliver = async (records: ReadonlyArray<LogRecord>): Promise<Delivery | void> => {
    const answer = await poster.post(contentType, encode(records));
    const verdict = verdictOf(answer.status);
    if (verdict === "taken") return judge?.(records, answer);
    if (verdict === "again") throw new Error(shown(answer));
    if (verdict === "never" || records.length === 1) return { rejected: records.length, why: shown(answer) };
    const middle = Math.ceil(records.length / 2);
    const first = (await deliver(records.slice(0, middle))) ?? {};
    // In order: what is behind lines that come again waits for them.
    if ((first.again?.length ?? 0) > 0) return { ...first, again: [...first.again!, ...records.slice(middle)] };
    const rest = records.slice(middle);
    const second = (await deliver(rest).catch((error: Error): Delivery => ({ again: rest, why: error.message }))) ?? {};
    const why = second.why ?? first.why;
    return {
      ...(second.again === undefined ? {} : { again: second.again }),
      rejected: (first.rejected ?? 0) + (second.rejected ?? 0),
      ...(why === undefined ? {} : { why }),
    };
  };
  return { deliver, close: () => poster.close() };
};

/** The path that is given, or the usual one where there is none. */
export const pathOr =
  (usual: string) =>
  ({ pathname }: URL): string =>
    pathname === "/" || pathname === "" ? usual : pathname;
