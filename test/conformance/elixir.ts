/** Which of Elixir's cases a file replays, under their names, and why the others are not. */
import { expect, it } from "vitest";

/** Adds a test that each case is either replayed or skipped; what it returns notes the title of a replay. */
export const replays = (cases: ReadonlyArray<string>, skipped: Readonly<Record<string, string>>) => {
  const titles: Array<string> = [];
  // What follows the name says what it comes to here.
  const isReplayed = (name: string): boolean =>
    titles.some((title) => title === name || (title.startsWith(name) && /^[:,]/.test(title.slice(name.length))));
  it("each case is either replayed under its name or skipped for a reason", () => {
    expect(cases.filter((name) => isReplayed(name) === name in skipped)).toEqual([]);
    expect(Object.keys(skipped).filter((name) => !cases.includes(name))).toEqual([]);
  });
  return (title: string): string => {
    titles.push(title);
    return title;
  };
};

export const noMfa = "a function by the names of its module and itself: work is a value here, an Effect";
