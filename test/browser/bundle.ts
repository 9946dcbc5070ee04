/** A program as a browser gets it: one minified script, with `hsu` and `effect` in it. */
import { brotliCompressSync, gzipSync } from "node:zlib";
import { isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));

export interface Bundle {
  readonly code: string;
  /** What is imported and not in it: nothing, if a browser is to run it. */
  readonly imports: ReadonlyArray<string>;
  /** Bytes. */
  readonly sizes: { readonly raw: number; readonly gzip: number; readonly brotli: number };
}

/** Bundles a file; without what `external` says. */
export const bundle = async (file: string, external: ReadonlyArray<RegExp> = []): Promise<Bundle> => {
  const made = await rolldown({
    input: path(file),
    cwd: path("."),
    platform: "browser",
    tsconfig: false,
    external: [...external],
    // A browser has none of them: they stay imports, and are seen.
    plugins: [{ name: "builtins", resolveId: (id) => (isBuiltin(id) ? { id, external: true } : null) }],
    onLog: (level, log, report) => report(level === "warn" ? "error" : level, log),
  });
  const { output } = await made.generate({
    format: "esm",
    codeSplitting: false,
    minify: { compress: true, mangle: true, codegen: true },
  });
  await made.close();
  const { code, dynamicImports, imports } = output[0];
  const bytes = Buffer.from(code);
  return {
    code,
    imports: [...imports, ...dynamicImports],
    sizes: { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length },
  };
};
