#!/usr/bin/env -S node --max-semi-space-size=1 --v8-pool-size=1 --optimize-for-size --no-turbofan --no-maglev --no-sparkplug --no-concurrent-sparkplug --no-parallel-scavenge
/**
 * The entry. It keeps the compiled code of all that it imports, so that the next start is faster and smaller. A master allocates little: a small
 * young generation, a single helper thread of V8, code made for size and no compiler save it memory; platform/Compilers.ts turns them on where there is work.
 * Nothing is compiled behind its back: Node's exit waits for such a thread, which may wait for a collection that does not come any more.
 */
import { cacheDirectory } from "../platform/CacheDirectory.ts";
import { version } from "./version.ts";

if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `error: hsu needs Node 24 or later, this is ${process.version} [HSU-CLI-098]\nhint: put a newer one first on the PATH; in its repository, \`npm run hsu\` finds the right one\n`,
  );
  process.exit(1);
}
/** Where it cannot be kept the program runs all the same: the outcome is of no interest. */
const keepCompiled = (): void =>
  void process.getBuiltinModule("node:module").enableCompileCache(cacheDirectory(process.env, process.getuid?.() ?? 0));

// A script that asks only for its version loads nothing else.
const [verb, ...rest] = process.argv.slice(2);
if (verb === "--version" && rest.length === 0) process.stdout.write(`hsu ${version}\n`);
// The verbs of src/cli/thin, named here as well so that nobody else loads it.
else if (!/^(status|ps|tree|describe)$/.test(verb ?? "") || !(await (await import("./thin.ts")).isDone())) {
  keepCompiled();
  await import("./program.ts");
}
