/**
 * bin/: the programs.
 *
 * For: `hsu`, which `package.json` names as the package's command.
 * May import: every room.
 * Never changes: it is the only place where layers are provided and the process is ended.
 */
export {};
