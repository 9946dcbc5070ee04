/**
 * One measurement of HSU in a process of its own: `node --expose-gc measure.ts NAME N WARM` prints one JSON object.
 */
import { lives } from "./hsuLives.ts";
import { messages } from "./hsuMessages.ts";
import { skynet } from "./hsuSkynet.ts";
import { type Bench, type Name, names } from "./plan.ts";

const benches: Readonly<Record<Name, Bench>> = { ...lives, ...messages, skynet };

const [wanted, count, warm] = process.argv.slice(2);
const name = names.find((each) => each === wanted);
const n = Number(count);
if (name === undefined || !(n > 0) || globalThis.gc === undefined) throw new Error("usage: node --expose-gc measure.ts NAME N WARM");

// A tenth of the work some times first, as OTP's side does. No collection after that: it would find none of the actors alive, and V8 throws away
// what it has compiled for objects of which there are none, so that the first second would show that instead.
for (let i = 0; i < Number(warm); i++) await benches[name](n / 10);
console.log(JSON.stringify(await benches[name](n)));
process.exit(0);
