import { parseSync, Visitor } from "oxc-parser";

interface Statement {
  readonly start: number;
  readonly end: number;
  /** What is to be compared: the text of an expression. */
  readonly value: string;
  /** Whether the statement stays and the comparison follows it. */
  readonly after: boolean;
}

const statements = (file: string, source: string): ReadonlyArray<Statement> => {
  const text = (node: { readonly start: number; readonly end: number }) => source.slice(node.start, node.end);
  const found: Array<Statement> = [];
  new Visitor({
    ExpressionStatement: ({ expression, start, end }) => {
      const logged =
        expression.type === "CallExpression" && text(expression.callee) === "console.log" ? expression.arguments[0] : undefined;
      found.push({ start, end, value: text(logged ?? expression), after: false });
    },
    VariableDeclaration: ({ declarations, start, end }) => {
      const name = declarations.at(-1)?.id;
      if (name !== undefined) found.push({ start, end, value: text(name), after: true });
    },
  }).visit(parseSync(file, source).program);
  return found;
};

/** The program with each `statement // => value` turned into a comparison; the numbers of its lines stay. */
export const withExpectations = (file: string, source: string, expectation: string): string => {
  const all = statements(file, source);
  const edits = parseSync(file, source).comments.flatMap((comment) => {
    const wanted = comment.type === "Line" ? /^ => (.+)$/.exec(comment.value)?.[1]?.trim() : undefined;
    if (wanted === undefined) return [];
    const line = source.slice(0, comment.start).split("\n").length;
    const before = all.filter(({ end }) => end <= comment.start && /^[ \t;]*$/.test(source.slice(end, comment.start)));
    const statement = before.sort((a, b) => b.start - a.start)[0];
    if (statement === undefined) throw new Error(`${file}:${line}: nothing before \`// => ${wanted}\` has a value`);
    return [{ ...statement, line, wanted }];
  });
  let program = source;
  for (const { start, end, value, after, line, wanted } of edits.toReversed()) {
    const literal = parseSync(file, `(${wanted})`).errors.length === 0 ? `, () => (${wanted})` : "";
    const check = `__is((${value}), ${JSON.stringify(wanted)}, ${line}${literal});`;
    program = program.slice(0, start) + (after ? `${program.slice(start, end)} ${check}` : `;${check}`) + program.slice(end);
  }
  const lines = JSON.stringify(edits.map(({ line }) => line));
  return `import { is as __is, expectAll as __all } from ${JSON.stringify(expectation)}; __all(${lines}); ${program}`;
};
