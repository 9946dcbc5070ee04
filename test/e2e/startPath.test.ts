/** What a master of plain units must not load: that is what keeps it small, and no bench has to be run to see it. */
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { expect, inject, it } from "vitest";
import { home, until } from "./program.ts";

/** Parts that a config has to ask for, by the folders and the files that they are in. */
const onDemand = [
  /node_modules\/(?!effect\/|@effect\/|yaml\/)/,
  /src\/health\//,

  /src\/unit\/(Probing|Notifying|Notification|Watchdog|ModuleHost)\.ts/,
  /src\/integrated\/(?!Publication|Registry)/,
  /src\/master\/Calling\.ts/,
  /src\/platform\/Daemon\.ts/,
  /src\/platform\/linux\/(Discover|Foreign|Libc|NotifySocket|Sockets)\.ts/,
  /src\/api\/(Grpc(?!Server\.)\w+|RegistryHttp)\.ts/,
  /src\/protocol\/Doors\.ts/,
  /src\/master\/Compiling\.ts/,
  /src\/protocol\/gen\//,
];

/** Of Node itself. TLS is left out of the bundle, and comes with Effect in the sources; what the test looks with brings threads. */
const own = /^NativeModule (http|http2|internal\/crypto\/webcrypto)$/;

/** What a master of ten plain units has loaded when they run. */
const loadedBy = async (program: string) => {
  const { clean, folder, start } = home(undefined, resolve("test/programs/loaded.mjs"));
  try {
    const unit = (id: number) =>
      `  - { id: u${id}, type: standard_managed, management: { control: { executable: sleep, arguments: ["60"] } } }`;
    writeFileSync(join(folder, "hsu.yaml"), `managed_processes:\n${Array.from({ length: 10 }, (_, id) => unit(id)).join("\n")}\n`);
    const { child, ended, out } = start(program, "up", "hsu.yaml");
    await until("all units run", out, (text) => text.split("started, pid").length === 11);
    let said = "";
    child.stderr!.on("data", (chunk) => (said += String(chunk)));
    child.kill("SIGUSR2");
    await until(
      "it has said what it has loaded",
      () => said,
      (text) => text.includes("loaded ") && text.endsWith("\n"),
    );
    child.kill("SIGTERM");
    await ended;
    const line = said.split("\n").find((each) => each.startsWith("loaded "))!;
    return JSON.parse(line.slice("loaded ".length)) as { readonly files: ReadonlyArray<string>; readonly builtin: ReadonlyArray<string> };
  } finally {
    clean();
  }
};

it("a master of ten plain units loads nothing that they do not need", async () => {
  const { builtin, files } = await loadedBy(resolve("src/bin/hsu.ts"));
  expect(files.some((file) => file.endsWith("src/master/Master.ts"))).toBe(true);
  expect(files.filter((file) => onDemand.some((part) => part.test(file)))).toEqual([]);
  expect(builtin.filter((name) => own.test(name))).toEqual([]);
});

it("nor does it as it is built: the HTTP API's part of Effect is elsewhere, and each text takes one byte a character", async () => {
  const { builtin, files } = await loadedBy(inject("builtProgram"));
  const chunks = files
    .filter((file) => file.endsWith(".mjs"))
    .map((file) => [basename(file), readFileSync(new URL(file), "utf8")] as const);
  expect(chunks.length).toBeGreaterThan(10);
  expect(chunks.filter(([, text]) => /~effect\/http-api|~effect\/http\/HttpRouter/.test(text)).map(([name]) => name)).toEqual([]);
  // The YAML package is for what is not plain, Effect's binary encoding for who asks for it.
  expect(chunks.filter(([, text]) => /yaml\.alias|acyclic value/.test(text)).map(([name]) => name)).toEqual([]);
  expect(chunks.filter(([, text]) => /[^\0-\x7f]/.test(text)).map(([name]) => name)).toEqual([]);
  expect(builtin.filter((name) => own.test(name))).toEqual([]);
});
