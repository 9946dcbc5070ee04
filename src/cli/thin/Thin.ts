/**
 * The thin client: verbs that only ask, typed as they mostly are, without Effect, which takes twice as long to load as they take. Whatever is not
 * plain (a flag that is rare, a mistake, an error, a master elsewhere) it leaves to the full client, which then does all of it: nothing has happened.
 */
import type { MasterStatus, TreeNode, UnitDescription } from "../../protocol/MasterRpc.ts";
import type { ResourceReport } from "../../protocol/Resources.ts";
import type { Answer, Reader } from "../answers/Answer.ts";
import { describe } from "../answers/describe.ts";
import { status } from "../answers/status.ts";
import { tree } from "../answers/tree.ts";
import { masterSocket } from "../MasterSocket.ts";
import { paintFor } from "../render/paint.ts";
import { json } from "../render/structured.ts";
import { ask, type Question } from "./Ask.ts";

interface ThinVerb {
  readonly operands: number;
  readonly outputs: ReadonlyArray<string>;
  readonly questions: (operands: ReadonlyArray<string>) => ReadonlyArray<Question>;
  /** Of what the master said, which this version of hsu has written down in `protocol/`. */
  readonly answer: (said: ReadonlyArray<unknown>, reader: Reader) => Answer;
}

const statusVerb: ThinVerb = {
  operands: 0,
  outputs: ["table", "json", "name"],
  questions: () => [{ tag: "Status", payload: null }],
  answer: ([said], reader) => status(said as MasterStatus, reader),
};

export const thinVerbs: Readonly<Record<string, ThinVerb>> = {
  status: statusVerb,
  ps: statusVerb,
  tree: {
    operands: 0,
    outputs: ["text", "json"],
    questions: () => [{ tag: "Tree", payload: null }],
    answer: ([said], reader) => tree(said as TreeNode, reader),
  },
  describe: {
    operands: 1,
    outputs: ["text", "json"],
    questions: ([unit]) => [
      { tag: "Describe", payload: { unit } },
      { tag: "Resources", payload: { unit, history: false, detail: true } },
    ],
    answer: ([described, report], reader) => describe(described as UnitDescription, report as ResourceReport, reader),
  },
};

/** A verb that the thin client may know: what the entry of the program looks at before it loads this. */
interface Typed {
  readonly verb: ThinVerb;
  readonly operands: ReadonlyArray<string>;
  readonly output: string | undefined;
  readonly socket: string | undefined;
  readonly noColor: boolean;
}

/** Undefined for whatever is not plain. */
const typed = ([word = "", ...rest]: ReadonlyArray<string>): Typed | undefined => {
  const verb = Object.hasOwn(thinVerbs, word) ? thinVerbs[word] : undefined;
  if (verb === undefined) return undefined;
  const operands: Array<string> = [];
  let output: string | undefined;
  let socket: string | undefined;
  let noColor = false;
  for (let at = 0; at < rest.length; at++) {
    const each = rest[at] ?? "";
    if (each === "-o" || each === "--output") {
      output = rest[++at] ?? "";
      if (!verb.outputs.includes(output)) return undefined;
    } else if (each === "--socket") {
      socket = rest[++at] ?? "";
      if (socket === "" || socket.startsWith("-")) return undefined;
    } else if (each === "--no-color") noColor = true;
    else if (each.startsWith("-")) return undefined;
    else operands.push(each);
  }
  return operands.length === verb.operands ? { verb, operands, output, socket, noColor } : undefined;
};

export interface ThinIo {
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly uid: number;
}

/** What is to be written, and the exit code. */
export interface Done {
  readonly out: string;
  readonly err: string;
  readonly exitCode: number;
}

/** Undefined: the full client is to do it. */
export const thin = async (argv: ReadonlyArray<string>, { cwd, env, isTTY, uid }: ThinIo): Promise<Done | undefined> => {
  const found = typed(argv);
  if (found === undefined || env["HSU_HOST"]) return undefined;
  const { noColor, operands, output, socket, verb } = found;
  const said = await ask(masterSocket(socket, { cwd, env, uid }), verb.questions(operands));
  if (said === undefined) return undefined;
  try {
    const { data, exitCode, talk, text } = verb.answer(said, { output, isTTY, paint: paintFor({ isTTY, env, noColor }) });
    return { out: output === "json" ? json(data) : text(), err: talk.map((line) => `${line}\n`).join(""), exitCode };
  } catch {
    // A master of another version: the full client says what it is that it does not understand.
    return undefined;
  }
};
