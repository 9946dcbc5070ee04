// node loaded.mjs PROGRAM ARGUMENT…: runs a program; on SIGUSR2 it writes to stderr what has been loaded so far.
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const loaded = [];
registerHooks({
  load: (url, context, next) => {
    loaded.push(url);
    return next(url, context);
  },
});
process.on("SIGUSR2", () => process.stderr.write(`loaded ${JSON.stringify({ files: loaded, builtin: process.moduleLoadList })}\n`));
const [program] = process.argv.splice(2, 1);
await import(pathToFileURL(program).href);
