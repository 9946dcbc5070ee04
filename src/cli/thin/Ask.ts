/**
 * Questions to the master over its unix socket, as the wire of `MasterRpc` has them (ndjson), without what reads and checks any message there is.
 */
import type { Socket } from "node:net";

export interface Question {
  readonly tag: string;
  readonly payload: unknown;
}

/** Who does not answer for so long is asked by the full client, which knows what to say of it. */
const patienceMillis = 5_000;

interface Message {
  readonly _tag: string;
  readonly requestId?: string;
  readonly exit?: { readonly _tag: string; readonly value?: unknown };
}

/** The answers, in the order of the questions; undefined where anything else came than one for each. */
export const ask = (socketPath: string, questions: ReadonlyArray<Question>): Promise<ReadonlyArray<unknown> | undefined> =>
  new Promise((resolve) => {
    const socket: Socket = process.getBuiltinModule("node:net").createConnection(socketPath);
    const answers: Array<unknown> = [];
    let answered = 0;
    const end = (all?: ReadonlyArray<unknown>): void => {
      socket.destroy();
      resolve(all);
    };
    const take = ({ _tag, exit, requestId }: Message): void => {
      if (_tag === "Pong") return;
      if (_tag !== "Exit" || exit?._tag !== "Success") return end();
      answers[Number(requestId)] = exit.value;
      if (++answered === questions.length) end(answers);
    };
    let rest = "";
    socket.setEncoding("utf8");
    socket.setTimeout(patienceMillis, end);
    socket.on("error", () => end());
    socket.on("close", () => end());
    socket.on("data", (piece: string) => {
      // A long answer comes in pieces: it is put together once.
      rest += piece;
      if (!piece.includes("\n")) return;
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      try {
        for (const line of lines) take(JSON.parse(line) as Message);
      } catch {
        end();
      }
    });
    socket.write(
      questions
        .map(({ payload, tag }, id) => `${JSON.stringify({ _tag: "Request", id: String(id), tag, payload, headers: [] })}\n`)
        .join(""),
    );
  });
