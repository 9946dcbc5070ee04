/**
 * `hsu status [-o table|json|yaml|name]`
 */
import type { MasterStatus } from "../../protocol/MasterRpc.ts";
import { ExitCode } from "../ExitCode.ts";
import { masterLine, statusTable } from "../render/status.ts";
import { clean } from "../render/text.ts";
import { isAsWanted } from "../render/units.ts";
import type { Answer, Reader } from "./Answer.ts";

export const status = (data: MasterStatus, { isTTY, output, paint }: Reader): Answer => {
  const missing = (data.peers ?? []).filter(({ reason }) => reason !== null);
  return {
    data,
    text: () =>
      output === "name"
        ? data.units.map(({ id }) => `${id}\n`).join("")
        : // Who reads a screen gets the master's line; who reads a pipe gets the table and nothing else.
          `${isTTY ? `${masterLine(data, paint)}\n\n` : ""}${statusTable(data, paint)}`,
    talk: missing.map(({ name, reason }) => `the master ${JSON.stringify(name)} is not seen: ${clean(reason ?? "")}`),
    exitCode: missing.length === 0 && data.units.every(isAsWanted) ? ExitCode.ok : ExitCode.notRunning,
  };
};
