// Does one job after the other. Now and then it meets a job that it cannot do, and ends with exit code 1.
const chance = Number(process.env.CRASH_CHANCE ?? 0.15);
let job = 0;

console.log("ready for work");
setInterval(() => {
  job += 1;
  if (Math.random() < chance) {
    console.error(`job ${job} failed: giving up`);
    process.exit(1);
  }
  console.log(`job ${job} done`);
}, 1000);

process.on("SIGTERM", () => {
  console.log(`stopping after ${job} jobs`);
  process.exit(0);
});
