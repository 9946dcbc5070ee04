/**
 * `hsu describe UNIT [-o text|json|yaml]`
 */
import type { UnitDescription } from "../../protocol/MasterRpc.ts";
import type { ResourceReport } from "../../protocol/Resources.ts";
import { ExitCode } from "../ExitCode.ts";
import { description } from "../render/description.ts";
import type { Answer, Reader } from "./Answer.ts";

export const describe = (described: UnitDescription, report: ResourceReport, { paint }: Reader): Answer => {
  const resources = report.units[0];
  const data = { ...described, ...(resources === undefined ? {} : { resources }) };
  return { data, text: () => description(data, report.at, paint), talk: [], exitCode: ExitCode.ok };
};
