import { parseSync, Visitor } from "oxc-parser";

/** What one source file takes from elsewhere. */
export interface Sighting {
  /** `import`: another module, by its specifier; `computed`: a module whose name is not written down; `os`: the operating system itself. */
  readonly kind: "import" | "computed" | "os";
  readonly text: string;
  readonly line: number;
}

const isMember = (node: { readonly object: unknown; readonly property: unknown }, object: string, property: string): boolean => {
  const names = (expression: unknown): string | undefined => {
    const { name, value } = expression as { readonly name?: string; readonly value?: string };
    return name ?? value;
  };
  return names(node.object) === object && names(node.property) === property;
};

/** Static imports, re-exports, dynamic imports, import types, `require` and the like: a type counts as much as a value. */
export const sightings = (file: string, source: string): ReadonlyArray<Sighting> => {
  const { program, errors } = parseSync(file, source);
  if (errors[0] !== undefined) throw new Error(`${file}: ${errors[0].message}`);
  const found: Array<Sighting> = [];
  const add = (kind: Sighting["kind"], text: string, start: number) =>
    found.push({ kind, text, line: source.slice(0, start).split("\n").length });
  const module = (node: { readonly type: string; readonly value?: unknown } | null | undefined, start: number) => {
    if (node?.type === "Literal" && typeof node.value === "string") add("import", node.value, start);
    else if (node !== null && node !== undefined) add("computed", source.slice(start).split("\n", 1)[0] ?? "", start);
  };
  const text = (value: string, start: number) => {
    if (/^\/proc(\/|$)/.test(value)) add("os", value, start);
  };
  new Visitor({
    ImportDeclaration: (node) => module(node.source, node.start),
    ExportAllDeclaration: (node) => module(node.source, node.start),
    ExportNamedDeclaration: (node) => module(node.source, node.start),
    ImportExpression: (node) => module(node.source, node.start),
    TSImportType: (node) => module(node.source, node.start),
    TSExternalModuleReference: (node) => module(node.expression, node.start),
    CallExpression: (node) => {
      const { callee } = node;
      const requires = callee.type === "Identifier" && callee.name === "require";
      const builtin = callee.type === "MemberExpression" && isMember(callee, "process", "getBuiltinModule");
      if (requires || builtin) module(node.arguments[0], node.start);
    },
    MemberExpression: (node) => {
      if (isMember(node, "process", "kill")) add("os", "process.kill", node.start);
    },
    Literal: (node) => {
      if (typeof node.value === "string") text(node.value, node.start);
    },
    TemplateElement: (node) => text(node.value.raw, node.start),
  }).visit(program);
  return found;
};
