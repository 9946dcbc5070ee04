/**
 * One measurement in a process of its own: `node measure.ts hsu|port NAME` prints one number in the unit of the plan.
 */
import { names, plan } from "./plan.ts";
import { hsu, port } from "./sides.ts";

const [which, wanted] = process.argv.slice(2);
const name = names.find((each) => each === wanted);
if (name === undefined) throw new Error("usage: node measure.ts hsu|port NAME");

const side = await (which === "hsu" ? hsu : port)();
const { n, unit } = plan[name];
await side[name](n / 5);
await side[name](n / 5);
const began = performance.now();
await side[name](n);
const spent = performance.now() - began;
console.log(unit === "M/s" ? n / spent / 1000 : (spent * 1000) / n);
await side.end();
