import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { mistakesIn } from "./config.ts";
import { type Fence, fencesOfMarkdown, fencesOfSource } from "./fences.ts";
import { type Outcome, Workshop } from "./workshop.ts";

const only = (fences: ReadonlyArray<Fence>): Fence => {
  expect(fences).toHaveLength(1);
  return fences[0]!;
};
const page = (code: string): Fence => only(fencesOfMarkdown("docs/page.md", `# Page\n\n\`\`\`ts run\n${code}\n\`\`\`\n`));

const run = async (code: string): Promise<Outcome> => {
  using workshop = new Workshop();
  return await workshop.run(page(code));
};

it("finds a fence with its language, marks and line", () => {
  expect(page("f();")).toEqual({ file: "docs/page.md", line: 4, language: "ts", marks: ["run"], code: "f();" });
  const source = ["", "/**", " * A thing.", " *", " * ```ts", " * f();", " * ```", " */", "export {};"].join("\n");
  expect(only(fencesOfSource("src/a/A.ts", source))).toEqual({ file: "src/a/A.ts", line: 6, language: "ts", marks: [], code: "f();" });
  expect(() => fencesOfMarkdown("docs/page.md", "\n```ts\nf();")).toThrow("docs/page.md:2: this fence is never closed");
});

it("compiles a fence against the package and names the line of a mistake", async () => {
  using workshop = new Workshop();
  const good = page(`import * as Testing from "hsu/testing";\nexport const kit = Testing;`);
  const bad = { ...page(`import { nobody } from "hsu/testing";\nexport const n: number = "one";`), line: 11 };
  const floating = { ...page(`import * as Effect from "effect/Effect";\nEffect.log("lost");`), line: 21 };
  const errorsOf = await workshop.compile([good, bad, floating]);
  expect(errorsOf(good)).toEqual([]);
  expect(errorsOf(bad)).toEqual([
    expect.stringMatching(/^docs\/page\.md\(11,10\): error TS\d+: .*'nobody'/),
    expect.stringMatching(/^docs\/page\.md\(12,14\): error TS\d+: .*'number'/),
  ]);
  expect(errorsOf(floating)).toEqual([expect.stringContaining("effect(floatingEffect)")]);
});

it("compares each statement with the value written behind it", async () => {
  const code = `import * as Effect from "effect/Effect";
    1 + 1; // => 2
    const text = "a" + "b"; // => ab
    console.log({ text }); // => { text: 'ab' }
    await Promise.resolve([1, 2]); // => [ 1, 2 ]
    [["a"], { b: [2] }]; // => [["a"], {b: [2]}]
    new Map([[1, 2]]); // => Map(1) { 1 => 2 }
    Effect.runSync(Effect.gen(function* () {
      yield* Effect.succeed(true); // => true
    }));`;
  expect(await run(code)).toEqual({ code: 0, output: "" });
});

it("fails on another value, on a value never reached, on a value of nothing, on an exception", async () => {
  const wrong = await run("const a = 1;\na + 1; // => 3");
  expect(wrong.code).toBe(1);
  expect(wrong.output).toContain("line 5");
  expect((await run(`["a", 1]; // => ["a", 2]`)).code).toBe(1);
  const unreached = await run("if (Date.now() < 0) {\n  1; // => 1\n}");
  expect(unreached).toEqual({ code: 1, output: "never reached: the expectation of line 5\n" });
  await expect(run("// => 1")).rejects.toThrow("docs/page.md.ts:4: nothing before `// => 1` has a value");
  expect((await run(`throw new Error("no");`)).code).toBe(1);
});

it("tells of several programs in one Node whether all of them hold: to their ends, each with expectations of its own", async () => {
  using workshop = new Workshop();
  const at = (line: number, code: string): Fence => ({ ...page(code), line });
  const good = [at(1, "const a = 1;\na + 1; // => 2"), at(5, `["a"]; // => ["a"]`)];
  expect(await workshop.allHold(good)).toBe(true);
  for (const bad of ["1 + 1; // => 3", "process.exit(0);", `throw new Error("no");`, `if (Date.now() < 0) {\n  1; // => 1\n}`]) {
    expect(await workshop.allHold([...good.slice(0, 1), at(9, bad), ...good.slice(1)])).toBe(false);
  }
});

it("leaves no folder behind", () => {
  const workshop = new Workshop();
  expect(existsSync(workshop.folder)).toBe(true);
  workshop[Symbol.dispose]();
  expect(existsSync(workshop.folder)).toBe(false);
});

it("has the loader judge a configuration", () => {
  const config = (yaml: string) => only(fencesOfMarkdown("docs/page.md", `\`\`\`yaml hsu\n${yaml}\n\`\`\`\n`));
  expect(mistakesIn(config("managed_processes: []"))).toBe("");
  expect(mistakesIn(config("manged_processes: []"))).toContain("docs/page.md:2:1");
});
