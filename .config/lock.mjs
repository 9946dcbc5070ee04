// node .config/lock.mjs
// Completes package-lock.json with packages of other platforms. A registry mirror need not carry them; `npm i` then leaves them out of the
// lock, and `npm ci` finds the lock incomplete. Run it after `npm i`; where nothing is missing it changes nothing.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const path = join(import.meta.dirname, "../package-lock.json");
const lock = JSON.parse(readFileSync(path, "utf8"));
const { packages } = lock;

/** Where Node would find `name` from the package at `from`: the nearest node_modules that has it. */
const resolve = (from, name) => {
  for (let folder = from; ; folder = folder.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, "")) {
    const candidate = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[candidate] !== undefined || folder === "") return candidate;
  }
};

const find = (name, words) => words.filter((word) => name.split(/[-/]/).includes(word));

/** What such a package says of itself, read from its name: `@scope/binding-linux-arm64-musl`. */
const platform = (name) => {
  const os = find(name, ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"]);
  const cpu = find(name, ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"]);
  if (name.endsWith("-aarch64")) cpu.push("arm64");
  if (name.endsWith("-armv7")) cpu.push("arm");
  const libc = os[0] !== "linux" ? [] : name.endsWith("-musl") ? ["musl"] : name.endsWith("-gnu") ? ["glibc"] : [];
  if (cpu.length === 0) throw new Error(`${name}: not a package of another platform; is it missing from the registry?`);
  return { cpu, ...(libc.length > 0 && { libc }), ...(os.length > 0 && { os }) };
};

let added = 0;
for (const [from, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const found = resolve(from, name);
    if (packages[found]?.version === version || !/^\d+\.\d+\.\d+[^ ]*$/.test(version)) continue;
    const { cpu, ...rest } = platform(name);
    packages[packages[found] === undefined ? found : `${from}/node_modules/${name}`] = {
      version,
      cpu,
      ...(dev && { dev }),
      optional: true,
      ...rest,
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).toSorted(([a], [b]) => a.localeCompare(b, "en")));
writeFileSync(path, `${JSON.stringify(lock, undefined, 2)}\n`);
console.log(`${added} packages of other platforms added`);
