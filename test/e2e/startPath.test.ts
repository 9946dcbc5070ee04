/** What a master of plain units must not load: that is what keeps it small, and no bench has to be run to see it. */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
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
  /src\/api\/(GrpcServices|RegistryHttp)\.ts/,
  /src\/protocol\/gen\//,
];

/** Of Node itself. TLS is left out of the bundle, and comes with Effect in the sources; what the test looks with brings threads. */
const builtin = /^NativeModule (http|http2|internal\/crypto\/webcrypto)$/;

it("a master of ten plain units loads nothing that they do not need", async () => {
  const { clean, folder, start } = home(undefined, resolve("test/programs/loaded.mjs"));
  try {
    const unit = (id: number) =>
      `  - { id: u${id}, type: standard_managed, management: { control: { executable: sleep, arguments: ["60"] } } }`;
    writeFileSync(join(folder, "hsu.yaml"), `managed_processes:\n${Array.from({ length: 10 }, (_, id) => unit(id)).join("\n")}\n`);
    const { child, ended, out } = start("up", "hsu.yaml");
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
    const loaded = JSON.parse(
      said
        .split("\n")
        .find((line) => line.startsWith("loaded "))!
        .slice("loaded ".length),
    ) as {
      readonly files: ReadonlyArray<string>;
      readonly builtin: ReadonlyArray<string>;
    };
    expect(loaded.files.some((file) => file.endsWith("src/master/Master.ts"))).toBe(true);
    expect(loaded.files.filter((file) => onDemand.some((part) => part.test(file)))).toEqual([]);
    expect(loaded.builtin.filter((name) => builtin.test(name))).toEqual([]);
  } finally {
    clean();
  }
});
