// Asks the server once a second and prints the answer. A server that is away is no reason to end: it comes back.
const server = process.env.SERVER ?? "http://127.0.0.1:27315";

const ask = async () => {
  try {
    const response = await fetch(server, { signal: AbortSignal.timeout(2000) });
    console.log((await response.text()).trim());
  } catch (error) {
    console.error(`no answer from ${server}: ${error.cause?.code ?? error.message}`);
  }
};

console.log(`asking ${server} every second`);
setInterval(() => void ask(), 1000);

process.on("SIGTERM", () => process.exit(0));
