/**
 * Log files of others as `log_collection`: a file is the log of one output.
 */
import type { Place, Teller } from "./Finding.ts";

interface LogFile extends Place {
  readonly path: string;
  readonly rotation?: Readonly<Record<string, unknown>> | undefined;
}

type Block = Readonly<Record<string, unknown>>;

/** `several`: the unit is more than one, so that its path is that of several unless it says which. */
export const logFiles = ({ none }: Teller) => {
  const taken = new Set<string>();
  return (stdout: LogFile | undefined, stderr: LogFile | undefined, several = false): Block | undefined => {
    const target = (file: LogFile | undefined): ReadonlyArray<Block> | undefined => {
      if (file === undefined) return undefined;
      const isShared = taken.has(file.path) || (several && !/\{(index|process_id)\}/.test(file.path));
      taken.add(file.path);
      if (!isShared) return [{ type: "file", path: file.path, rotation: file.rotation }];
      none(
        file,
        `${file.path} would be the log of several outputs`,
        "here each output has a file of its own; `hsu logs` shows them together",
      );
      return undefined;
    };
    const separate = { stdout: target(stdout), stderr: target(stderr) };
    return separate.stdout === undefined && separate.stderr === undefined ? undefined : { outputs: { separate } };
  };
};
