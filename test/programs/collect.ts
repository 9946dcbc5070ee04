/** A collector in a process of its own, to be killed: `collect.ts FOLDER FORMAT MAX_BYTES`. It goes on with what is there, and follows it. */
import { join } from "node:path";
import { Collector } from "../../src/logs/collect/Collector.ts";
import type { LogFormat } from "../../src/logs/LogsSpec.ts";

const [folder = "", format = "raw", maxBytes = "0"] = process.argv.slice(2);
const file = { format: format as LogFormat, rotation: { maxBytes: Number(maxBytes), maxFiles: 10_000, compress: false } };

const collector = new Collector({
  folderOf: (unit) => join(folder, unit),
  now: Date.now,
  punch: () => Promise.resolve(),
  compress: () => {},
  notice: (unit, message) => void process.stdout.write(`${unit} ${message}\n`),
});
collector.adopt("u", { stdout: file, stderr: file, backlog: { maxBytes: 1e12, whenFull: "drop" } });
process.stdout.write("up\n");
