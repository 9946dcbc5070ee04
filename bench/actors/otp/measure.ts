/**
 * One measurement of HSU in a process of its own: `node --expose-gc measure.ts NAME N` prints one JSON object.
 */
import { lives } from "./hsuLives.ts";
import { messages } from "./hsuMessages.ts";
import { skynet } from "./hsuSkynet.ts";
import { type Bench, type Name, names } from "./plan.ts";

const benches: Readonly<Record<Name, Bench>> = { ...lives, ...messages, skynet };

const [wanted, count] = process.argv.slice(2);
const name = names.find((each) => each === wanted);
const n = Number(count);
if (name === undefined || !(n > 0) || globalThis.gc === undefined) throw new Error("usage: node --expose-gc measure.ts NAME N");

// Four tenths of the work first, as OTP's side does.
for (let i = 0; i < 4; i++) await benches[name](n / 10);
globalThis.gc();
console.log(JSON.stringify(await benches[name](n)));
process.exit(0);
