/**
 * The names of the "master" dialect: the Go dialect, with other words for the same.
 */
import type { Located, Problem } from "../Source.ts";
import { inTheirWords, type Names, translate } from "./Translate.ts";

const TYPES = { managed: "standard_managed", integrated: "integrated_managed", unmanaged: "unmanaged" };

const logs: Names = {
  keys: {
    default_worker: "default",
    add_master_id: "add_process_manager_id",
    worker_directory: "process_directory",
    max_workers: "max_managed_processes",
  },
  words: { type: { master_stdout: "process_manager_stdout" } },
  text: ["{worker_id}", "{process_id}"],
  inside: () => ({ "*": logs }),
};

const control: Names = { inside: () => ({ log_collection: logs }) };
const block: Names = { inside: () => ({ control }) };
const unit: Names = {
  keys: { managed: "standard_managed", integrated: "integrated_managed" },
  inside: () => ({ "*": block }),
};
const worker: Names = { keys: { unit: "management" }, words: { type: TYPES }, inside: () => ({ management: unit, children: worker }) };

const file: Names = {
  keys: { master: "process_manager", workers: "managed_processes" },
  inside: () => ({ managed_processes: worker, log_collection: logs }),
};

/** The file in our words. */
export const fromMaster = (root: Located): { readonly root: Located; readonly problems: ReadonlyArray<Problem> } => translate(root, file);

const WORDS = {
  process_manager: "master",
  managed_processes: "workers",
  management: "unit",
  standard_managed: "managed",
  integrated_managed: "integrated",
  process_manager_stdout: "master_stdout",
  add_process_manager_id: "add_master_id",
  process_directory: "worker_directory",
  max_managed_processes: "max_workers",
};

/** A finding in the words of the file; what is about the dialects themselves is in the right ones. */
export const inMasterWords = (problem: Problem): Problem => (problem.code === "HSU-CFG-016" ? problem : inTheirWords(problem, WORDS));
