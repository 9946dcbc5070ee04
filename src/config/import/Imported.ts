/**
 * What an import gives back: a text, unless something is wrong, and all that there is to say.
 */
import { diagnosed, type Diagnosed, type Finding, isError, type Teller, teller, type Text } from "./Finding.ts";

export interface Imported {
  /** A file of HSU's own dialect; absent: one of the findings is an error. */
  readonly text: string | undefined;
  readonly findings: ReadonlyArray<Diagnosed>;
}

const isSame = (one: Finding, other: Finding): boolean => one.of === other.of && one.start === other.start && one.message === other.message;

/** In the order of the files and of their lines. */
export const collecting = <Made extends { readonly text: string }>(
  files: ReadonlyArray<Text>,
  make: (tell: Teller) => Made,
): Omit<Made, "text"> & Imported => {
  const findings: Array<Finding> = [];
  // What is written once and holds for several is told once.
  const made = make(teller((finding) => void (findings.some((one) => isSame(one, finding)) || findings.push(finding))));
  const inOrder = findings.toSorted((one, other) => files.indexOf(one.of) - files.indexOf(other.of) || one.start - other.start);
  return { ...made, text: findings.some(isError) ? undefined : made.text, findings: inOrder.map(diagnosed) };
};
