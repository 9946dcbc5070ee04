/**
 * The folders of HSU: where they are, names in them, and that nobody else can enter.
 */
import { chmodSync, existsSync, lstatSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

export { type Environment, runtimeDirectory, socketPath, stateDirectory } from "./Places.ts";

const isPlain = /^[\w-][\w.-]*$/;

/** Any text, e.g. a unit's id, as a file name: a letter, a digit, `_`, `-` or an inner dot stays, every other byte is written `%XX`, and no byte at all `%`. No two texts share one. */
export const fileName = (text: string): string =>
  text === "" || isPlain.test(text)
    ? text || "%"
    : [...Buffer.from(text)]
        .map((byte, index) => {
          const character = String.fromCharCode(byte);
          const plain = /[\w-]/.test(character) || (character === "." && index > 0);
          return plain ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
        })
        .join("");

/** A folder cannot be made private. */
export class DirectoryError extends Schema.TaggedError<DirectoryError>()("DirectoryError", {
  reason: Schema.Literals(["NotMade", "NotADirectory", "NotOurs"]),
  path: Schema.String,
  /** The system's error code; empty where the system had no complaint. */
  errno: Schema.String,
}) {
  /** `HSU-PATH-001` … `HSU-PATH-003`. */
  get code(): string {
    return { NotMade: "HSU-PATH-001", NotADirectory: "HSU-PATH-002", NotOurs: "HSU-PATH-003" }[this.reason];
  }
  override get message(): string {
    const path = JSON.stringify(this.path);
    return {
      NotMade: `the folder ${path} cannot be made private (${this.errno})`,
      NotADirectory: `${path} is not a folder`,
      NotOurs: `the folder ${path} belongs to another user`,
    }[this.reason];
  }
  get hint(): string {
    return "$HSU_RUNTIME_DIR and $HSU_STATE_DIR name other folders";
  }
}

/** Not `recursive: true`: Node goes round for ever where a file system takes no folders at all (`/proc`). */
const makeFolders = (path: string): void => {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && statSync(path).isDirectory()) return;
    if (code !== "ENOENT" || existsSync(dirname(path))) throw error;
    makeFolders(dirname(path));
    makeFolders(path);
  }
};

/**
 * Makes a folder (and those above it) that only this user can enter: mode 0700, also when it was there with another mode. Refuses one of
 * another user: in the folder for temporary files anybody may have put it there. Root takes every folder.
 */
export const ensurePrivate = (path: string): Effect.Effect<void, DirectoryError> =>
  Effect.suspend(() => {
    const refuse = (reason: DirectoryError["reason"], errno = "") => Effect.fail(new DirectoryError({ reason, path, errno }));
    try {
      makeFolders(path);
      const target = statSync(path);
      const uid = process.geteuid?.();
      // The link's owner as well: who owns a link decides tomorrow where it leads.
      const owners = [target.uid, lstatSync(path).uid];
      if (uid !== undefined && uid !== 0 && owners.some((owner) => owner !== uid)) return refuse("NotOurs");
      if ((target.mode & 0o777) !== 0o700) chmodSync(path, 0o700);
      return Effect.void;
    } catch (error) {
      const errno = (error as NodeJS.ErrnoException).code ?? String(error);
      return refuse(errno === "EEXIST" || errno === "ENOTDIR" ? "NotADirectory" : "NotMade", errno);
    }
  });
