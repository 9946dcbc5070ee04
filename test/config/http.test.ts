import * as Result from "effect/Result";
import { expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";

const specOf = (http: string) => {
  const text = `process_manager: { http: ${http} }\nmanaged_processes:\n  - { id: a, management: { control: { executable: sleep } } }\n`;
  return Result.map(parse(text, "/etc/hsu/hsu.yaml"), ({ spec }) => spec.http);
};
const problemsOf = (http: string) =>
  Result.getOrThrow(Result.flip(specOf(http))).diagnostics.map(({ code, column }) => `${column} ${code}`);

it("http has an address and a port of its own, and paths that start at the file", () => {
  expect(Result.getOrThrow(specOf("{}"))).toEqual({ address: "127.0.0.1", port: 50_056 });
  expect(Result.getOrThrow(specOf("{ address: 0.0.0.0, port: 443, tls: { certificate: c.pem, key: /k.pem, client_ca: ca.pem } }"))).toEqual(
    {
      address: "0.0.0.0",
      port: 443,
      tls: { certificate: "/etc/hsu/c.pem", key: "/k.pem", clientCa: "/etc/hsu/ca.pem" },
    },
  );
  for (const address of ["127.0.0.7", '"::1"', "localhost"]) expect(Result.isSuccess(specOf(`{ address: ${address} }`))).toBe(true);
});

it("http is not opened to other machines without TLS, nor at what is no address", () => {
  for (const address of ["0.0.0.0", "10.0.0.1", '"::"']) expect(problemsOf(`{ address: ${address} }`)).toEqual(["37 HSU-CFG-034"]);
  expect(problemsOf("{ address: example.org }")).toContain("37 HSU-CFG-034");
  expect(problemsOf("{ port: 0 }")).toEqual(["34 HSU-CFG-010"]);
  expect(problemsOf("{ tls: { key: k.pem } }")).toHaveLength(1);
});
