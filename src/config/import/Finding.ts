/**
 * What an import has to say of the file it reads: each finding with its place, as those of a config.
 */
import type { ConfigDiagnostic } from "../Diagnostic.ts";
import { linesOf } from "../Lines.ts";

/** From 101 on they are warnings. */
export type ImportCode =
  /** The file is not what it is imported as. */
  | "HSU-IMP-001"
  /** A file of code is run only when that is asked for. */
  | "HSU-IMP-002"
  /** There is no counterpart. */
  | "HSU-IMP-101"
  /** It is something else here. */
  | "HSU-IMP-102"
  /** No unit is made of it. */
  | "HSU-IMP-103";

/** A file that is read. */
export interface Text {
  readonly file: string;
  readonly text: string;
  /** Of a template: the instance that is meant. */
  readonly instance?: string;
  /** Of a file of code: what it has said when it was run. */
  readonly said?: unknown;
}

/** A piece of a file: offsets into its text. */
export interface Place {
  readonly of: Text;
  readonly start: number;
  readonly end: number;
}

export interface Finding extends Place {
  readonly code: ImportCode;
  readonly message: string;
  readonly hint?: string;
}

/** As it is shown. */
export type Diagnosed = Omit<ConfigDiagnostic, "code"> & { readonly code: string };

export const isError = ({ code }: { readonly code: string }): boolean => code < "HSU-IMP-1";

/** With line, column and source line; what goes over several lines is marked on the first. */
export const diagnosed = ({ code, end, hint, message, of, start }: Finding): Diagnosed => {
  const from = of.text.lastIndexOf("\n", start - 1) + 1;
  const until = of.text.indexOf("\n", start);
  const text = of.text.slice(from, until === -1 ? undefined : until).trimEnd();
  return {
    code,
    severity: isError({ code }) ? "error" : "warning",
    file: of.file,
    line: linesOf(of.text)(start),
    column: start - from + 1,
    length: Math.max(1, Math.min(end, from + text.length) - start),
    message,
    ...(hint === undefined ? {} : { hint }),
    text,
  };
};

/** Hears of each finding. */
export type Tell = (finding: Finding) => void;

/** The three things there are to say of a key. */
export const teller = (tell: Tell) => ({
  /** It is not in the config that is written. */
  none: (place: Place, message: string, hint?: string): void => tell(finding("HSU-IMP-101", place, message, hint)),
  /** It is there, and not quite the same. */
  other: (place: Place, message: string, hint?: string): void => tell(finding("HSU-IMP-102", place, message, hint)),
  /** A whole unit is not there. */
  left: (place: Place, message: string, hint?: string): void => tell(finding("HSU-IMP-103", place, message, hint)),
  wrong: (place: Place, message: string, hint?: string): void => tell(finding("HSU-IMP-001", place, message, hint)),
});
export type Teller = ReturnType<typeof teller>;

const finding = (code: ImportCode, { end, of, start }: Place, message: string, hint?: string): Finding => ({
  code,
  of,
  start,
  end,
  message,
  ...(hint === undefined ? {} : { hint }),
});
