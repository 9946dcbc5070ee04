/**
 * The version of the program, from package.json: there it is said once.
 */
import manifest from "../../package.json" with { type: "json" };

export const { version } = manifest;
