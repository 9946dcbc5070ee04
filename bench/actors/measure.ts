/**
 * One measurement in a process of its own: `node --expose-gc measure.ts hsu|floor NAME` prints one number in the unit of the plan.
 */
import { names, plan, type Implementation, type Name } from "./plan.ts";

const [which, wanted] = process.argv.slice(2);
const name = names.find((each) => each === wanted);
const { gc } = globalThis;
if (name === undefined || gc === undefined) throw new Error("usage: node --expose-gc measure.ts hsu|floor NAME");

// Only what is measured is loaded.
const implementation: Implementation = which === "hsu" ? (await import("./hsuWork.ts")).hsu : (await import("./floorWork.ts")).floor;

const heap = (): number => {
  gc();
  gc();
  return process.memoryUsage().heapUsed;
};

const bytes = async (bench: "idle" | "idleSupervised", n: number): Promise<number> => {
  const keep: Array<object> = [await implementation[bench](1000)];
  const before = heap();
  keep.push(await implementation[bench](n));
  const each = (heap() - before) / n;
  if (keep.length !== 2) throw new Error("not kept");
  return each;
};

/** A fifth of the work first, twice, so that what is timed is compiled. */
const millis = async (bench: Exclude<Name, "idle" | "idleSupervised">, n: number): Promise<number> => {
  const work = implementation[bench];
  await work(n / 5);
  await work(n / 5);
  gc();
  const began = performance.now();
  await work(n);
  return performance.now() - began;
};

const { n, unit } = plan[name];
if (name === "idle" || name === "idleSupervised") {
  console.log(await bytes(name, n));
} else {
  const spent = await millis(name, n);
  console.log(unit === "M/s" ? n / spent / 1000 : (spent * 1000) / n);
}
