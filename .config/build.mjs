// node .config/build.mjs [lib] [bin] [man] [--if-possible]
//   lib  the library: one module and one declaration file a source file, into dist/lib
//   bin  the command: dist/bin/hsu.mjs with all dependencies in it and beside it; a part is read when a verb needs it
//   man  the manual, into dist/man: from the verb table and docs/reference/config.md
// $HSU_DIST is another folder than dist, for a test that must not touch it.
// With --if-possible (npm's `prepare`), a missing tool or a missing source is no error: a package installed without
// development dependencies comes with its dist.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// Without development dependencies this runs under whatever Node there is.
const root = fileURLToPath(new URL("..", import.meta.url));
const wanted = new Set(process.argv.slice(2));
const { version: packageVersion } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const dist = process.env.HSU_DIST ?? join(root, "dist");

const buildLib = () => {
  rmSync(join(dist, "lib"), { recursive: true, force: true });
  const tsc = createRequire(import.meta.url)
    .resolve("typescript/package.json")
    .replace(/package\.json$/, "bin/tsc");
  execFileSync(process.execPath, [tsc, "--project", join(root, ".config/tsconfig.lib.json"), "--outDir", join(dist, "lib")], {
    stdio: "inherit",
  });
};

/** Effect's socket module can speak TLS, which no unix socket needs: loaded only when it is used, it saves every start 5 MB. */
const lazyTls = {
  name: "lazy-tls",
  resolveId: (id) => (id === "node:tls" ? "\0lazy-tls" : null),
  load: (id) => (id === "\0lazy-tls" ? lazyTlsModule : null),
};

/**
 * Effect's RPC server can be served over HTTP, which the master's is not. Left in, what the HTTP API needs beside it is all in the part that every
 * master loads, as the bundler keeps modules together that import one another, whether they use that or not.
 */
const rpcWithoutHttp = {
  name: "rpc-without-http",
  resolveId: (id, importer) =>
    /effect.dist.rpc.RpcServer\.js$/.test(importer ?? "") && /^\.\.\/http\/Http\w+\.js$/.test(id)
      ? { id: `\0${importer}?${id}`, moduleSideEffects: false }
      : null,
  load: (id) => {
    const [, server, name] = /^\0(.*RpcServer\.js)\?.*\/(\w+)\.js$/.exec(id) ?? [];
    if (server === undefined) return null;
    const used = new Set(Array.from(readFileSync(server, "utf8").matchAll(new RegExp(`\\b${name}\\.(\\w+)`, "g")), ([, each]) => each));
    return `export let ${[...used].join(", ")};`;
  },
};

/**
 * An ESM import of a built-in module makes a facade that touches every lazy part of it (fs its promises, util its crypto): 1 MB and some milliseconds.
 * The entry keeps its imports: it has to run under an old Node, to say that it is too old.
 */
const plainImports = {
  name: "plain-imports",
  renderChunk: (code) =>
    code.replace(/^import (\* as \w+|\w+|\{[^}]*\}) from "(node:[\w/]+)";$/gm, (_, names, module) => {
      const bound = names.replace(/^\* as /, "").replaceAll(" as ", ": ");
      return `const ${bound} = process.getBuiltinModule("${module}");`;
    }),
};
const plainBuiltins = {
  name: "plain-builtins",
  renderChunk: (code, chunk) => (chunk.name === "hsu" ? null : plainImports.renderChunk(code)),
};

/** The entry says the version by itself: shared with the program it would be one more file for each start. */
const versionInEntry = {
  name: "version-in-entry",
  resolveId: (id, importer) => (id === "./version.ts" && importer === join(root, "src/bin/hsu.ts") ? "\0version" : null),
  load: (id) => (id === "\0version" ? `export const version = ${JSON.stringify(packageVersion)};` : null),
};

/** What most masters never use is a file of its own, read at its first use: by whom it is asked for, in which files, and where it is. */
const lateParts = {
  yaml: { id: /^yaml$/, from: /src.config./, entry: "yaml", names: /^import \{([^}]*)\} from "yaml";$/gm },
  schemaBinary: {
    id: /^\.\.\/encoding\/SchemaBinary\.js$/,
    from: /effect.dist.rpc.RpcSerialization\.js$/,
    entry: "effect/encoding/SchemaBinary",
    names: /\bSchemaBinary\.(\w+)/g,
  },
};
const late = {
  name: "late",
  resolveId: (id, importer) => {
    const found = Object.entries(lateParts).find(([, part]) => part.id.test(id) && part.from.test(importer ?? ""));
    return found === undefined ? null : { id: `\0late ${found[0]} ${importer}`, moduleSideEffects: false };
  },
  load: (id) => {
    const [, part, importer] = /^\0late (\w+) (.*)$/.exec(id) ?? [];
    if (part === undefined) return null;
    const text = readFileSync(importer, "utf8");
    const listed = Array.from(text.matchAll(lateParts[part].names), ([, names]) => names.split(",")).flat();
    const names = new Set(listed.map((name) => name.trim()).filter((name) => name !== "" && !name.startsWith("type ")));
    const lines = [...names].map((name) =>
      new RegExp(`\\b${name}\\.\\w`).test(text) && part === "yaml"
        ? `export const ${name} = /* @__PURE__ */ new Proxy(function () {}, { get: (_, key) => part().${name}[key], construct: (_, args) => new (part().${name})(...args), apply: (_, of, args) => part().${name}(...args) });`
        : `export function ${name}(...args) { return new.target === undefined ? part().${name}(...args) : new (part().${name})(...args); }`,
    );
    const load = `process.getBuiltinModule("node:module").createRequire(import.meta.url)("./${part}.mjs")`;
    // One of CommonJS has all that it exports in its default.
    return [`let loaded;`, `const part = () => (loaded ??= ((all) => all.default ?? all)(${load}));`, ...lines].join("\n");
  },
};

/** The thin client is one file of its own that shares nothing with the rest: a verb that only asks reads two files. */
const thinApart = {
  name: "thin-apart",
  resolveId: (id) => (id === "./thin.ts" ? { id: "./thin.mjs", external: true } : null),
};

/** The YAML package asks the environment at each token whether it is to be traced: a tenth of what a large config takes. */
const untraced = {
  name: "untraced",
  transform: (code, id) =>
    /node_modules.yaml.dist.(parse.parser|compose.composer)\.js$/.test(id) ? code.replace(/node_process\.env\.LOG_\w+/, "false") : null,
};

/** What a master of plain units loads, by who else loads it: each is one file then, since each file costs a start half a millisecond. */
const startPath = () => {
  const imports = new Map();
  /** These, and all that they import with a statement. */
  const from = (...files) => {
    const reached = new Set(files.map((file) => join(root, "src", file)));
    for (const each of reached) for (const other of imports.get(each) ?? []) reached.add(other);
    return reached;
  };
  let parts;
  const partOf = (id) => {
    // The entry is apart: it has to run under an old Node.
    parts ??= [
      ["entry", from("bin/hsu.ts")],
      ["client", from("bin/program.ts", "cli/verbs/status.ts", "cli/Client.ts", "platform/Paths.ts")],
      ["config", from("cli/verbs/up.ts", "config/index.ts")],
      ["master", from("bin/masterParts.ts")],
    ];
    return parts.find(([, ids]) => ids.has(id))?.[0];
  };
  const isEffect = (id) => /node_modules.effect/.test(id);
  return {
    plugin: { name: "start-path", moduleParsed: ({ id, importedIds }) => void imports.set(id, importedIds) },
    // One module of Effect instead of dozens: each module costs a running master memory, and so does what only others need.
    groups: [
      { name: "effect", test: (id) => isEffect(id) && partOf(id) !== undefined },
      ...["client", "config", "master"].map((name) => ({
        name,
        test: (id) => id.startsWith(join(root, "src")) && partOf(id) === name,
      })),
    ],
  };
};

/** One character that is not ASCII makes a text of two bytes a character of all the code around it, for as long as the program runs. */
const ascii = {
  name: "ascii",
  generateBundle: (_, bundle) => {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== "chunk") continue;
      chunk.code = chunk.code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
    }
  },
};

const lazyTlsModule = `const tls = () => process.getBuiltinModule("node:tls");
export const connect = (...args) => tls().connect(...args);
export const createServer = (...args) => tls().createServer(...args);
export const createSecureContext = (...args) => tls().createSecureContext(...args);
export function TLSSocket(...args) { return new (tls().TLSSocket)(...args); }`;

const buildBin = async () => {
  const { rolldown } = await import("rolldown");
  const start = startPath();
  const bundle = await rolldown({
    input: {
      hsu: join(root, "src/bin/hsu.ts"),
      ...Object.fromEntries(Object.entries(lateParts).map(([name, { entry }]) => [name, entry])),
    },
    cwd: root,
    platform: "node",
    tsconfig: false,
    // Its native part is found by itself alone: beside the package, or wherever else a package manager has put it.
    external: ["koffi"],
    plugins: [lazyTls, rpcWithoutHttp, late, untraced, versionInEntry, thinApart, plainBuiltins, start.plugin, ascii],
    onLog: (level, log, report) => {
      // What the start needs is in few files, whether or not some of it is imported later.
      if (log.code !== "INEFFECTIVE_DYNAMIC_IMPORT") report(level === "warn" ? "error" : level, log);
    },
  });
  rmSync(join(dist, "bin"), { recursive: true, force: true });
  const file = join(dist, "bin/hsu.mjs");
  await bundle.write({
    dir: join(dist, "bin"),
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs",
    format: "esm",
    codeSplitting: { groups: start.groups },
    minify: { compress: true, mangle: true, codegen: true },
  });
  await bundle.close();
  const thin = await rolldown({ input: join(root, "src/bin/thin.ts"), platform: "node", tsconfig: false, plugins: [plainImports, ascii] });
  await thin.write({ file: join(dist, "bin/thin.mjs"), format: "esm", minify: { compress: true, mangle: true, codegen: true } });
  await thin.close();
  chmodSync(file, 0o755);
  // For `hsu explain`.
  cpSync(join(root, "docs/reference/errors"), join(dist, "bin/errors"), { recursive: true });
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

const buildMan = async () => {
  const { manual } = await import("../src/cli/render/man.ts");
  rmSync(join(dist, "man"), { recursive: true, force: true });
  mkdirSync(join(dist, "man"), { recursive: true });
  const config = readFileSync(join(root, "docs/reference/config.md"), "utf8");
  for (const [name, text] of manual(packageVersion, config)) writeFileSync(join(dist, "man", name), text);
};

if (wanted.has("lib")) buildLib();
if (wanted.has("man")) await buildMan();
if (wanted.has("bin") && (!wanted.has("--if-possible") || possible())) await buildBin();
