import * as Result from "effect/Result";
import { expect, it } from "vitest";
import { parse } from "../../src/config/index.ts";

const said = (text: string): ReadonlyArray<string> => {
  const result = parse(text, "hsu.yaml");
  const found = Result.isFailure(result) ? result.failure.diagnostics : result.success.warnings;
  return found.map(({ code, column, line, message }) => `${line}:${column} ${code} ${message}`);
};
const unit = (id: string, control: string, more = ""): string =>
  `- {id: ${id}, ${more}management: {control: {executable: x, ${control}}}}\n`;

it("a port that two listen on is an error where it is wanted again, be it the master's, a held one or one behind a proxy", () => {
  const units = [
    unit("a", "listen: [{tcp: 8080}]"),
    unit("b", 'listen: [{tcp: "127.0.0.1:8080"}]'),
    unit("c", 'listen: [{tcp: "127.0.0.1:9000"}], proxy: 9000'),
    unit("d", 'listen: [{tcp: "[::1]:1"}]'),
    unit("e", "listen: [{tcp: 50055}]"),
  ];
  expect(said(`process_manager: {port: 50055, http: {port: 50055}}\nmanaged_processes:\n${units.join("")}`)).toStrictEqual([
    "1:45 HSU-CFG-062 process_manager.http.port: port 50055 is that of process_manager.port already",
    '4:64 HSU-CFG-062 unit "b": port 8080 is that of unit "a" already',
    '5:91 HSU-CFG-062 unit "c" behind its proxy: port 9000 is that of unit "c" already',
    '7:64 HSU-CFG-062 unit "e": port 50055 is that of process_manager.port already',
  ]);
});

it("other addresses, other families, units that are disabled and instances that share are none", () => {
  const units = [
    unit("a", 'listen: [{tcp: "127.0.0.1:80"}]'),
    unit("b", 'listen: [{tcp: "127.0.0.2:80"}, {tcp: "[::1]:80"}]'),
    unit("c", "listen: [{tcp: 80}]", "enabled: false, "),
    unit("d", "listen: [{tcp: 81}]", "count: 3, "),
  ];
  expect(said(`managed_processes:\n${units.join("")}`)).toStrictEqual([]);
});
