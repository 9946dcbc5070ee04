import * as Result from "effect/Result";
import { expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";

const specOf = (rpc: string) => {
  const text = `process_manager: { rpc: ${rpc} }\nmanaged_processes:\n  - { id: a, management: { control: { executable: sleep } } }\n`;
  return Result.map(parse(text, "/etc/hsu/hsu.yaml"), ({ spec }) => spec.rpc);
};
const problemsOf = (rpc: string) => Result.getOrThrow(Result.flip(specOf(rpc))).diagnostics.map(({ code, column }) => `${column} ${code}`);

it("rpc has an address and a port of its own, and paths that start at the file", () => {
  expect(Result.getOrThrow(specOf("{}"))).toEqual({ address: "127.0.0.1", port: 50_057, clients: [] });
  const tls = "tls: { cert: c.pem, key: /k.pem, ca: ca.pem }";
  expect(Result.getOrThrow(specOf(`{ listen: "[::]:443", ${tls}, clients: [{ name: ops, role: operator, group: a }] }`))).toEqual({
    address: "::",
    port: 443,
    tls: { cert: "/etc/hsu/c.pem", key: "/k.pem", ca: "/etc/hsu/ca.pem" },
    clients: [{ name: "ops", role: "operator", group: "a" }],
  });
  for (const listen of ["127.0.0.7:1", "localhost:1", "[::1]:1"]) expect(Result.isSuccess(specOf(`{ listen: "${listen}" }`))).toBe(true);
});

it("rpc is not opened to other machines without TLS, at what is no address, or to clients that nobody vouches for", () => {
  for (const listen of ["0.0.0.0:1", "10.0.0.1:1", "[::]:1", "example.org:1", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000"]) {
    expect(problemsOf(`{ listen: "${listen}" }`)).toEqual(["35 HSU-CFG-035"]);
  }
  expect(problemsOf("{ clients: [{ name: ops, role: admin }] }")).toEqual(["36 HSU-CFG-035"]);
  expect(problemsOf("{ tls: { cert: c, key: k }, clients: [{ name: ops, role: admin }] }")).toHaveLength(1);
  expect(problemsOf("{ tls: { cert: c, key: k, ca: a }, clients: [{ name: ops, role: boss }] }")).toHaveLength(1);
});
