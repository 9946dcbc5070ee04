/**
 * What `-o json` prints, by command: data that programs may rely on. A key may come in addition; none goes, and none becomes something else.
 */
import * as Schema from "effect/Schema";
import { AuditEntry, AuditVerdict } from "../protocol/Audit.ts";
import { LogLine, MasterEvent, MasterStatus, TreeNode, UnitDescription, UnitStatus } from "../protocol/MasterRpc.ts";
import { PeerStatus } from "../protocol/Peers.ts";
import { Applied, Finding, Plan, Revision } from "../protocol/PlanRpc.ts";
import { ResourceReport, UnitResources } from "../protocol/Resources.ts";
import { roles } from "../protocol/Rights.ts";

interface Shape {
  readonly schema: Schema.Top;
  /** An object a line, and not one thing as a whole. */
  readonly isLines?: true;
}

const { cursor: _cursor, time: _time, ...line } = LogLine.fields;

const Group = Schema.Struct({
  _tag: Schema.Literal("Group"),
  id: Schema.String,
  strategy: Schema.String,
  /** Groups like this one, and units, which are told apart by `_tag`. */
  children: Schema.Array(Schema.Struct({ _tag: Schema.String, id: Schema.String })),
});

/** By what is written on the command line. */
export const shapes: Readonly<Record<string, Shape>> = {
  status: { schema: MasterStatus },
  "status --watch": {
    isLines: true,
    schema: Schema.Union([
      Schema.Struct({ at: Schema.Number, ...UnitStatus.fields }),
      Schema.Struct({ at: Schema.Number, id: Schema.String, gone: Schema.Literal(true) }),
    ]),
  },
  tree: { schema: TreeNode },
  describe: { schema: Schema.Struct({ ...UnitDescription.fields, resources: Schema.optionalKey(UnitResources) }) },
  top: { schema: ResourceReport, isLines: true },
  events: { schema: MasterEvent, isLines: true },
  logs: { schema: Schema.Struct({ ...line, time: Schema.optionalKey(Schema.String) }), isLines: true },
  plan: { schema: Plan },
  apply: { schema: Applied },
  history: { schema: Schema.Array(Revision) },
  diff: { schema: Plan },
  rollback: { schema: Applied },
  validate: { schema: Schema.Struct({ source: Schema.String, root: Group }) },
  "validate (findings)": { schema: Schema.Struct({ ...Finding.fields, doc: Schema.String }), isLines: true },
  "peer list": { schema: Schema.Array(PeerStatus) },
  "token list": {
    schema: Schema.Array(
      Schema.Struct({
        name: Schema.String,
        role: Schema.Literals(roles),
        group: Schema.optionalKey(Schema.String),
        createdAt: Schema.Number,
        expiresAt: Schema.optionalKey(Schema.Number),
        usedAt: Schema.NullOr(Schema.Number),
        expired: Schema.Boolean,
      }),
    ),
  },
  audit: { schema: AuditEntry, isLines: true },
  "audit verify": { schema: AuditVerdict },
  doctor: {
    schema: Schema.Array(
      Schema.Struct({
        check: Schema.String,
        verdict: Schema.Literals(["ok", "warn", "fail"]),
        found: Schema.String,
        hint: Schema.optionalKey(Schema.String),
      }),
    ),
  },
};

type Json = Readonly<Record<string, unknown>>;

/** Numbers are finite here, and so are numbers as JSON has them. */
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const { anyOf } = value as { readonly anyOf?: ReadonlyArray<Json> };
  if (anyOf?.some((one) => Array.isArray(one["enum"]) && one["enum"].includes("Infinity")) === true) {
    const rest = anyOf.filter((one) => !(Array.isArray(one["enum"]) && one["enum"].includes("Infinity")));
    return rest.length === 1 ? plain({ ...value, anyOf: undefined, ...rest[0] }) : plain({ ...value, anyOf: rest });
  }
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : [[key, plain(inner)]])));
};

/** The file that it is published as. */
export const fileOf = (command: string): string => `${command.replaceAll(/[^a-z]+/g, "-").replace(/-$/, "")}.schema.json`;

/** As JSON Schema of 2020-12; undefined: there is no such command, or it has no `-o json`. */
export const schemaOf = (command: string): unknown => {
  const shape = shapes[command];
  if (shape === undefined) return undefined;
  const { definitions, schema } = Schema.toJsonSchemaDocument(shape.schema);
  const title = `what \`hsu ${command} -o json\` prints${shape.isLines === true ? ", a line" : ""}`;
  const defs = Object.keys(definitions).length === 0 ? {} : { $defs: definitions };
  return plain({ $schema: "https://json-schema.org/draft/2020-12/schema", title, ...schema, ...defs });
};
