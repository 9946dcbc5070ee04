// node .config/consumer.mjs
// The packed package as its users meet it: each public entry is type-checked (libraries included) and loaded, and the command answers.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Says that it is ready, by the same library that the master listens with. */
const notifier = `import koffi from "koffi";
const libc = koffi.load(null);
const name = process.env.NOTIFY_SOCKET;
const address = Buffer.concat([Buffer.from([1, 0]), Buffer.from(name.replace(/^@/, "\\0")), Buffer.from(name[0] === "@" ? [] : [0])]);
const fd = libc.func("int socket(int, int, int)")(1, 2, 0);
const text = Buffer.from("READY=1");
const sent = libc.func("long sendto(int, const void *, size_t, int, const void *, unsigned int)")(fd, text, text.length, 0, address, address.length);
if (sent !== text.length) throw new Error("not sent");
setInterval(() => {}, 1e6);
`;

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
  const hsu = join(modules, name, bin.hsu);
  run(hsu, "--version");

  // A unit that tells its state, and an upgrade: what needs the native part, found where nothing is beside the package but what it depends on.
  writeFileSync(join(folder, "unit.mjs"), notifier);
  const unit = (id, control) => ({ id, management: { control: { executable: process.execPath, ...control } } });
  const units = [unit("tells", { arguments: ["unit.mjs"], start: "notify", startup_timeout: "20s" })];
  writeFileSync(join(folder, "hsu.yaml"), JSON.stringify({ managed_processes: units }));
  const env = { ...process.env, HSU_RUNTIME_DIR: join(folder, "run"), HSU_STATE_DIR: join(folder, "state") };
  const master = (...args) => execFileSync(hsu, args, { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  master("up", "-d");
  try {
    const pids = () =>
      JSON.parse(master("status", "-o", "json"))
        .units.map(({ pid, ready }) => `${pid} ${ready}`)
        .join();
    const before = pids();
    master("upgrade");
    if (pids() !== before || !before.endsWith(" true")) throw new Error(`the unit went from ${before} to ${pids()} over an upgrade`);
  } finally {
    master("down");
  }
} catch (error) {
  console.error(`the packed package does not work for its users: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
