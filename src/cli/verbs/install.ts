/**
 * `hsu install systemd|launchd [--system] [FILE]`
 */
import { resolve } from "node:path";
import * as Effect from "effect/Effect";
import * as ConfigFile from "../ConfigFile.ts";
import { UsageError } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { print } from "../Invocation.ts";
import { launchdPlist, systemdUnit } from "../Service.ts";
import type { Verb } from "../Verbs.ts";

const written = { systemd: systemdUnit, launchd: launchdPlist };

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags, io, operands } = invocation;
  const [manager = "", ...rest] = operands;
  if (manager !== "systemd" && manager !== "launchd") {
    return yield* new UsageError({
      message: `nothing is known of ${JSON.stringify(manager)}`,
      hint: "hsu install systemd FILE, hsu install launchd FILE",
    });
  }
  // A master that would not start is not installed.
  const loaded = yield* ConfigFile.load({ ...invocation, operands: rest });
  if (loaded === undefined) return ExitCode.usage;
  const text = written[manager]({ command: io.self, file: resolve(io.cwd, loaded.file), system: flags["system"] === true });
  yield* print(invocation, text);
  return ExitCode.ok;
});
