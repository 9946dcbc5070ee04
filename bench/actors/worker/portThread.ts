/** The worker of the peer's side: each message is a post, each reply another. */
import { parentPort } from "node:worker_threads";

let count = 0;
parentPort?.on("message", (message: { readonly by?: number; readonly id?: number }) => {
  if (message.by !== undefined) count += message.by;
  else parentPort?.postMessage({ id: message.id, count });
});
