// node .config/build.mjs [lib] [bin] [--if-possible]
//   lib  the library: one module and one declaration file a source file, into dist/lib
//   bin  the command: one file with everything in it, into dist/bin/hsu.mjs
// With --if-possible (npm's `prepare`), a missing tool or a missing source is no error: a package installed without
// development dependencies comes with its dist.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// Without development dependencies this runs under whatever Node there is.
const root = fileURLToPath(new URL("..", import.meta.url));
const wanted = new Set(process.argv.slice(2));

const buildLib = () => {
  rmSync(join(root, "dist/lib"), { recursive: true, force: true });
  const tsc = createRequire(import.meta.url)
    .resolve("typescript/package.json")
    .replace(/package\.json$/, "bin/tsc");
  execFileSync(process.execPath, [tsc, "--project", join(root, ".config/tsconfig.lib.json")], { stdio: "inherit" });
};

const buildBin = async () => {
  const { rolldown } = await import("rolldown");
  const bundle = await rolldown({
    input: join(root, "src/bin/hsu.ts"),
    cwd: root,
    platform: "node",
    tsconfig: false,
    onLog: (level, log, report) => report(level === "warn" ? "error" : level, log),
  });
  const file = join(root, "dist/bin/hsu.mjs");
  await bundle.write({ file, format: "esm", minify: { compress: true, mangle: true, codegen: true } });
  await bundle.close();
  chmodSync(file, 0o755);
};

const possible = () => {
  if (!existsSync(join(root, "src/bin/hsu.ts"))) return false;
  try {
    createRequire(import.meta.url).resolve("rolldown");
    return true;
  } catch {
    return false;
  }
};

if (wanted.has("lib")) buildLib();
if (wanted.has("bin") && (!wanted.has("--if-possible") || possible())) await buildBin();
