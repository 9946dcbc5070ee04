/**
 * `hsu up -d`: this very program again, in the background, and a wait until it answers.
 */
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Schedule from "effect/Schedule";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { spawnDetached } from "../../platform/Daemon.ts";
import { connect } from "../Client.ts";
import { DaemonEnded, DeadlineExceeded } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { type Invocation, places, print, say } from "../Invocation.ts";
import type { MasterStatus } from "../../protocol/MasterRpc.ts";
import { clean } from "../render/text.ts";

/** How often a socket that is not there yet is tried. */
const everyMillis = 50;
const tailLines = 20;

/** Starts the master of `file` in the background; prints its pid when it answers, or the end of its log when it has ended instead. */
export const detach = Effect.fnUntraced(function* (invocation: Invocation, file: string) {
  const { flags, io } = invocation;
  const { socketPath, stateDirectory } = yield* places(invocation);
  const answering = statusAt(socketPath);
  const before = yield* answering;
  if (before !== undefined) {
    const { SocketInUse } = yield* Effect.promise(() => import("../../api/UnixSocket.ts"));
    return yield* new SocketInUse({ path: socketPath });
  }
  const logFile = join(stateDirectory, "master.log");
  const daemon = yield* spawnDetached({
    command: [...io.self, "up", "--socket", socketPath, file],
    workingDirectory: io.cwd,
    environment: io.env,
    logFile,
  });
  const millis = typeof flags["timeout"] === "number" ? flags["timeout"] : 30_000;
  const ready = answering.pipe(
    Effect.repeat({ until: (status) => status?.pid === daemon.pid && status.phase === "running", schedule: Schedule.spaced(everyMillis) }),
    Effect.as(true as const),
  );
  const ending = yield* Effect.raceFirst(ready, daemon.ended).pipe(
    Effect.timeoutOrElse({
      duration: millis,
      orElse: () =>
        Effect.fail(
          new DeadlineExceeded({
            what: `the start of master ${daemon.pid}`,
            millis,
            hint: `it goes on: \`hsu status\` shows how far it is, its log is ${logFile}`,
          }),
        ),
    }),
  );
  if (ending === true) {
    yield* print(invocation, `master ${daemon.pid} runs in the background, its log is ${logFile}\n`);
    return ExitCode.ok;
  }
  for (const line of tail(logFile, daemon.logOffset)) yield* say(invocation, `  ${clean(line)}`);
  return yield* new DaemonEnded({ ending, logFile });
});

/** What the master says that answers at a socket, if one does. */
const statusAt = (socketPath: string): Effect.Effect<MasterStatus | undefined> =>
  connect(socketPath).pipe(
    Effect.flatMap(({ call }) => call.Status(undefined)),
    Effect.scoped,
    // A master that ends in the middle of its answer interrupts the call: whatever went wrong, it is not up.
    Effect.exit,
    Effect.map((exit) => (Exit.isSuccess(exit) ? exit.value : undefined)),
  );

const tail = (file: string, from: number): ReadonlyArray<string> =>
  readFileSync(file)
    .subarray(from)
    .toString()
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-tailLines);
