// Loaded into a process before its program: says at its end what it has taken, into the file that `HSU_PEAK` names.
import { writeFileSync } from "node:fs";

process.on("exit", () => {
  const { maxRSS, systemCPUTime, userCPUTime } = process.resourceUsage();
  writeFileSync(process.env.HSU_PEAK, JSON.stringify({ peak: (maxRSS * 1024) / 1e6, cpu: (userCPUTime + systemCPUTime) / 1000 }));
});
