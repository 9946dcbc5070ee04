/**
 * peer/: masters that see each other over a network.
 *
 * For: who reaches a master elsewhere, the command line as well as another master.
 * May import: `master` and the rooms below it; never `api`, which serves what is made here.
 * Never changes: nothing here waits for a master that does not answer; what a master may do at another is decided there.
 */
export { make, type Peering } from "./Peering.ts";
