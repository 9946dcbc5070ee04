import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { withExpectations } from "./doctest.ts";
import { type Fence, programOf } from "./fences.ts";

const root = resolve(import.meta.dirname, "../..");
const expectation = pathToFileURL(join(import.meta.dirname, "expectation.ts")).href;

/** Each public entry (`hsu/unit`) with the source behind it. */
const entries: ReadonlyMap<string, string> = new Map(
  Object.entries<{ readonly types?: string }>(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).exports).flatMap(
    ([entry, { types }]) =>
      types === undefined
        ? []
        : [[join("hsu", entry), join(root, types.replace("./dist/lib/", "src/").replace(/\.d\.ts$/, ".ts"))] as const],
  ),
);

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

const command = (file: string, args: ReadonlyArray<string>, cwd: string): Promise<Outcome> =>
  new Promise((done) => {
    // Examples may run units: what these write stays in the workshop's folder.
    // Each example is a Node of its own; what all of them load is compiled once.
    const env = {
      ...process.env,
      HSU_STATE_DIR: join(cwd, "state"),
      HSU_RUNTIME_DIR: join(cwd, "run"),
      NODE_COMPILE_CACHE: join(root, ".cache", "compiled"),
    };
    execFile(file, args, { cwd, env, timeout: 50_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      done({ code, output: stdout + stderr });
    });
  });

/** The compiler with Effect's diagnostics, as in `npm run types`. */
const compiler = async (): Promise<string> => {
  const { code, output } = await command(
    process.execPath,
    [join(root, "node_modules/@effect/tsgo/dist/effect-tsgo.cjs"), "get-exe-path"],
    root,
  );
  if (code !== 0) throw new Error(output);
  return output.trim();
};

/** A folder in which the programs of fences are compiled and run; it is inside of the repository, so that packages resolve. */
export class Workshop implements Disposable {
  readonly folder: string;
  #together = 0;

  constructor() {
    const cache = join(root, ".cache");
    mkdirSync(cache, { recursive: true });
    this.folder = mkdtempSync(join(cache, "docs-"));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Writes a file named after its fence and returns its path. */
  private write(fence: Fence, suffix: string, text: string): string {
    const path = join(this.folder, `${fence.file.replaceAll("/", "~")}~${fence.line}${suffix}`);
    writeFileSync(path, text);
    return path;
  }

  /** A page imports the package by its name, or a file next to it; both lead from here to the sources. */
  private program(fence: Fence): string {
    return programOf(fence).replaceAll(/\b(from|import)(\s*\(?\s*)(["'])([^"']+)\3/g, (whole, word, space, quote, name: string) => {
      const target = name.startsWith(".") ? join(root, dirname(fence.file), name) : entries.get(name);
      return target === undefined ? whole : word + space + quote + relative(this.folder, target) + quote;
    });
  }

  /** What the compiler says of each fence. */
  async compile(fences: ReadonlyArray<Fence>): Promise<(fence: Fence) => ReadonlyArray<string>> {
    const files = new Map(fences.map((fence) => [fence, this.write(fence, ".ts", this.program(fence))]));
    const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false };
    const project = join(this.folder, "tsconfig.json");
    writeFileSync(project, JSON.stringify({ extends: "../../tsconfig.json", compilerOptions, include: [], files: [...files.values()] }));
    const { code, output } = await command(await compiler(), ["--project", project, "--pretty", "false"], this.folder);
    const lines = output.split("\n").filter((line) => /\berror\b/.test(line));
    if (code !== 0 && lines.length === 0) throw new Error(`the compiler failed: ${output}`);
    return (fence) => {
      const path = relative(this.folder, files.get(fence) ?? "");
      return lines.filter((line) => line.startsWith(`${path}(`)).map((line) => fence.file + line.slice(path.length));
    };
  }

  private runnable(fence: Fence): string {
    // An instance of its own: what one program has reached, another has not.
    const own = `${expectation}?${encodeURIComponent(`${fence.file}:${fence.line}`)}`;
    return this.write(fence, ".run.ts", withExpectations(`${fence.file}.ts`, this.program(fence), own));
  }

  /** Runs a fence in a Node of its own, with its expectations. */
  run(fence: Fence): Promise<Outcome> {
    return command(process.execPath, [this.runnable(fence)], this.folder);
  }

  /** Whether all of them hold when one Node runs one after the other, which costs a fraction of a Node for each. When not, `run` tells which. */
  async allHold(fences: ReadonlyArray<Fence>): Promise<boolean> {
    const names = fences.map((fence) => JSON.stringify(pathToFileURL(this.runnable(fence)).href));
    const program = `const ended = new Set();
process.once("exit", () => { if (ended.size < ${names.length}) process.exitCode = 1; });
${names.map((name) => `await import(${name}); ended.add(${name});`).join("\n")}
`;
    const path = join(this.folder, `together-${this.#together++}.mjs`);
    writeFileSync(path, program);
    const { code } = await command(process.execPath, [path], this.folder);
    return code === 0;
  }
}
