// Runs the program from its sources; on SIGUSR2 it writes to stderr what has been loaded so far.
import { registerHooks } from "node:module";

const loaded = [];
registerHooks({
  load: (url, context, next) => {
    loaded.push(url);
    return next(url, context);
  },
});
process.on("SIGUSR2", () => process.stderr.write(`loaded ${JSON.stringify({ files: loaded, builtin: process.moduleLoadList })}\n`));
await import(new URL("../../src/bin/hsu.ts", import.meta.url).href);
