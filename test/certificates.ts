/**
 * Certificates for tests, made by openssl where there is one.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

export const hasOpenssl = ((): boolean => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  readonly ca: string;
  /** Of this name, good for these places; `days` may lie in the past. */
  readonly sign: (name: string, options?: { readonly days?: number; readonly places?: string }) => Pair;
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** A CA with its files in this folder. */
export const authority = (folder: string, name = "ca"): Authority => {
  const run = (...args: ReadonlyArray<string>) => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  run("req", "-x509", ...newKey, "-days", "2", "-keyout", `${name}.key`, "-out", `${name}.pem`, "-subj", `/CN=${name}`);
  return {
    ca: join(folder, `${name}.pem`),
    sign: (of, { days = 1, places = "DNS:localhost,IP:127.0.0.1" } = {}) => {
      const file = `${name}-${of}${days < 0 ? "-expired" : ""}`;
      run("req", ...newKey, "-keyout", `${file}.key`, "-out", `${file}.csr`, "-subj", `/CN=${of}`, "-addext", `subjectAltName=${places}`);
      const ca = ["-CA", `${name}.pem`, "-CAkey", `${name}.key`];
      run("x509", "-req", "-in", `${file}.csr`, ...ca, "-days", String(days), "-copy_extensions", "copy", "-out", `${file}.pem`);
      return { cert: join(folder, `${file}.pem`), key: join(folder, `${file}.key`) };
    },
  };
};
