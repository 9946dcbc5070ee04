/**
 * `hsu call [--timeout TIME] [-o text|json] UNIT [METHOD [JSON]]`
 */
import * as Effect from "effect/Effect";
import { type CallReply, usualCallMillis } from "../../protocol/MasterRpc.ts";
import { DeadlineExceeded, UsageError } from "../Errors.ts";
import { ExitCode } from "../ExitCode.ts";
import { withMaster } from "../Invocation.ts";
import { clean } from "../render/text.ts";
import type { Verb } from "../Verbs.ts";
import { printAll } from "./follow.ts";

export const run: Verb = Effect.fnUntraced(function* (invocation) {
  const { flags, io, operands } = invocation;
  const [unit = "", method = null, given = "{}"] = operands;
  const json =
    given === "-"
      ? yield* Effect.tryPromise({
          try: io.readStdin,
          catch: (cause) =>
            new UsageError({ message: `cannot read the request from stdin: ${String(cause)}`, hint: "give it as an operand" }),
        })
      : given;
  const timeoutMillis = typeof flags["timeout"] === "number" ? flags["timeout"] : usualCallMillis;
  const render = flags["output"] === "json" ? asJson : asText;
  yield* withMaster(invocation, ({ call }) => printAll(invocation, call.Call({ unit, method, json, timeoutMillis }), render)).pipe(
    Effect.catchTag("CallDeadline", (late) =>
      Effect.fail(new DeadlineExceeded({ what: `${late.method} of unit ${JSON.stringify(unit)}`, millis: late.millis, hint: late.hint })),
    ),
  );
  return ExitCode.ok;
});

/** A reply is JSON however it is printed. */
const asJson = (reply: CallReply): string => (reply._tag === "Reply" ? asText(reply) : `${JSON.stringify(reply)}\n`);

/** Methods as in a `.proto`. */
const asText = (reply: CallReply): string => {
  if (reply._tag === "Reply") return `${reply.json}\n`;
  const of = (stream: boolean, message: string) => `(${stream ? "stream " : ""}${clean(message)})`;
  return `${clean(reply.method)} ${of(reply.requestStream, reply.request)} returns ${of(reply.responseStream, reply.response)}\n`;
};
