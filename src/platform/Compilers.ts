/**
 * V8's optimizing compilers. The `hsu` program is started without them: their machine code is eight megabytes of memory to a master, which computes
 * little.
 */

/** Has hot code compiled as Node does by default, from now on, in all threads: for whoever runs more in this process than a master. */
export const optimize = (): void => {
  if (!process.execArgv.includes("--no-turbofan")) return;
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  for (const flag of ["--turbofan", "--maglev"]) setFlagsFromString(flag);
};
