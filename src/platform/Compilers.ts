/**
 * V8's compilers. The `hsu` program is started without them, and interprets: their own code and what they make is up to ten megabytes of memory to a
 * master, which computes little.
 */

/** Only where the program was started without. */
const turnOn = (...compilers: ReadonlyArray<string>): void => {
  if (!process.execArgv.includes("--no-sparkplug")) return;
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  for (const compiler of compilers) setFlagsFromString(`--${compiler}`);
};

/** Has code that is run often compiled as it stands, from now on: for a master of so many units that it has work to do. */
export const compile = (): void => turnOn("sparkplug");

/** Has it compiled and optimized as Node does by default, in all threads: for whoever runs more in this process than a master. */
export const optimize = (): void => turnOn("sparkplug", "maglev", "turbofan");

/** The same, for speed and no more for size: for whoever has so much text to read that it is worth the memory. */
export const hurry = (): void => turnOn("sparkplug", "maglev", "turbofan", "no-optimize-for-size");

let collectNow: (() => void) | undefined;

/** Has what nobody needs any more thrown away at once: where that is much, and as much again is to come. Takes a hundredth of a second for ten megabytes that stay. */
export const collect = (): void => {
  if (!process.execArgv.includes("--no-sparkplug")) return;
  if (collectNow === undefined) {
    process.getBuiltinModule("node:v8").setFlagsFromString("--expose-gc");
    collectNow = process.getBuiltinModule("node:vm").runInNewContext("gc") as () => void;
  }
  collectNow();
};
