/**
 * `hsu tree [-o text|json|yaml]`
 */
import type { TreeNode } from "../../protocol/MasterRpc.ts";
import { ExitCode } from "../ExitCode.ts";
import { treeText } from "../render/tree.ts";
import type { Answer, Reader } from "./Answer.ts";

export const tree = (data: TreeNode, { paint }: Reader): Answer => ({
  data,
  text: () => treeText(data, paint),
  talk: [],
  exitCode: ExitCode.ok,
});
