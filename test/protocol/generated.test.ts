import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { expect, it } from "vitest";

const generated = "src/protocol/gen";

const filesIn = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    globSync("**/*.*", { cwd: join(folder, generated) })
      .toSorted()
      .map((file) => [file, readFileSync(join(folder, generated, file), "utf8")]),
  );

it("the generated code is what `npm run proto` makes of proto/, without a network", () => {
  const folder = mkdtempSync(join(tmpdir(), "hsu-proto-"));
  try {
    const nobody = "http://127.0.0.1:9";
    const env = {
      HOME: folder,
      PATH: [resolve("node_modules/.bin"), process.env["PATH"]].join(delimiter),
      HTTP_PROXY: nobody,
      HTTPS_PROXY: nobody,
    };
    execFileSync("buf", ["generate", "proto", "--template", "proto/buf.gen.yaml", "--output", folder], { env, stdio: "pipe" });
    const fresh = filesIn(folder);
    expect(fresh.size).toBeGreaterThan(0);
    expect(filesIn("."), "`npm run proto` and commit").toEqual(fresh);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
