// node .config/consumer.mjs
// The packed package as its users meet it: each public entry is type-checked (libraries included) and loaded, and the command answers.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const { name, exports, dependencies, bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const folder = mkdtempSync(join(tmpdir(), "hsu-consumer-"));
const modules = join(folder, "node_modules");
const run = (command, ...args) => execFileSync(command, args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });

try {
  execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], { cwd: root, stdio: "pipe" });
  const [tarball] = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
  mkdirSync(join(modules, name), { recursive: true });
  run("tar", "-xzf", tarball, "--strip-components=1", "-C", join(modules, name));
  for (const dependency of [...Object.keys(dependencies), "@types/node"]) {
    const link = join(modules, dependency);
    mkdirSync(join(link, ".."), { recursive: true });
    symlinkSync(join(root, "node_modules", dependency), link);
  }

  const entries = Object.keys(exports).filter((entry) => !entry.endsWith(".json"));
  const lines = entries.map((entry, index) => `import * as entry${index} from "${join(name, entry)}";\nvoid entry${index};\n`);
  const compilerOptions = {
    module: "NodeNext",
    target: "ES2024",
    lib: ["ES2024", "DOM", "ESNext.Disposable"],
    strict: true,
    outDir: "out",
    types: ["node"],
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["main.ts"] }));
  writeFileSync(join(folder, "main.ts"), lines.join(""));
  run(process.execPath, join(root, "node_modules/typescript/bin/tsc"), "--project", folder);
  run(process.execPath, "out/main.js");
  run(join(modules, name, bin.hsu), "--version");
} catch (error) {
  console.error(`the packed package does not work for its users: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
