#!/usr/bin/env -S node --max-semi-space-size=1
/**
 * The entry. It keeps the compiled code of all that it imports, so that the next start is faster and smaller. A master allocates little: a small
 * young generation saves it memory and costs it nothing.
 */
import { enableCompileCache } from "node:module";
import { cacheDirectory } from "../platform/CacheDirectory.ts";

// Where it cannot be kept the program runs all the same: the outcome is of no interest.
enableCompileCache(cacheDirectory(process.env, process.getuid?.() ?? 0));
await import("./program.ts");
