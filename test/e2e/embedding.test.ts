/** The examples of a tree inside a service of Node's http, Express and Fastify, each run as its first lines say. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";

const as = {
  "node-http": (user: string) => ({ authorization: `Bearer ${user === "ada" ? "abracadabra" : user}` }),
  express: (user: string) => ({ "x-user": user }),
  fastify: (user: string) => ({ "x-user": user }),
} as const;

it.each([
  ["node-http", "clock", 401],
  ["express", "worker", 403],
  ["fastify", "worker", 401],
] as const)("%s: its service and the tree answer, each to whom it should, and both end in good order", async (name, unit, strangers) => {
  const child = spawn(process.execPath, [`examples/embedding/${name}.ts`], {
    env: { ...process.env, PORT: "0", WORD: "abracadabra" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    let errors = "";
    child.stderr.on("data", (chunk) => (errors += String(chunk)));
    const closed = once(child, "close");
    const [first] = (await Promise.race([
      once(createInterface(child.stdout), "line"),
      closed.then(() => Promise.reject(new Error(errors))),
    ])) as [string];
    const base = first.replace("listening on ", "");
    const ask = (path: string, user = "ada", method = "GET", body?: object): Promise<Response> =>
      fetch(base + path, {
        method,
        headers: { ...as[name](user), ...(body === undefined ? {} : { "content-type": "application/json" }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    expect(await (await ask("/")).text()).toContain("the service itself");
    expect((await ask("/hsu/health")).status).toBe(200);
    expect(((await (await ask("/hsu/v1/units")).json()) as { units: Array<{ id: string }> }).units.map(({ id }) => id)).toEqual([unit]);
    expect((await ask(`/hsu/v1/units/${unit}/restart`, "ada", "POST")).status).toBe(200);
    expect((await ask(`/hsu/v1/units/${unit}/signal`, "ada", "POST", { signal: "SIGCONT" })).status).toBeLessThan(300);
    expect((await ask(`/hsu/v1/units/${unit}/restart`, "eve", "POST")).status).toBe(strangers);
    const { pid } = ((await (await ask(`/hsu/v1/units/${unit}`)).json()) as { status: { pid: number } }).status;
    child.kill("SIGTERM");
    expect(await closed).toEqual([0, null]);
    expect(errors).toBe("");
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  } finally {
    child.kill("SIGKILL");
  }
});
