/**
 * The HTTP API's paths about the master's config, its program, other masters and its audit log, answered by the operations of the same names.
 */
import * as Effect from "effect/Effect";
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder";
import * as Layer from "effect/Layer";
import * as Stream from "effect/Stream";
import type { Own } from "../peer/Reach.ts";
import { MasterHttp } from "../protocol/HttpApi.ts";
import { asked } from "./HttpBehind.ts";
import { operationsOf } from "./Operations.ts";
import { specOf } from "./SentConfig.ts";

type Operations = ReturnType<typeof operationsOf>;

const operation = <A, E, R>(use: (operations: Operations, own: Own) => Effect.Effect<A, E, R>) =>
  asked((own) =>
    use(
      operationsOf(() => own),
      own,
    ),
  );

const config = HttpApiBuilder.group(MasterHttp, "config", (handlers) =>
  Effect.succeed(
    handlers.handleAll({
      spec: () => operation(({ Spec }) => Spec()),
      validate: ({ payload: { file = null, yaml } }) => operation(({ Validate }) => Validate({ file, yaml })),
      plan: ({ payload }) => operation(({ Plan }, own) => Effect.flatMap(specOf(payload, own), (spec) => Plan({ spec }))),
      apply: ({ payload: { how = "apply", ...sent } }) =>
        operation(({ Apply }, own) => Effect.flatMap(specOf(sent, own), (spec) => Apply({ spec, how }))),
      revisions: () => operation(({ Revisions }) => Effect.map(Revisions(), (revisions) => ({ revisions }))),
      revision: ({ params }) => operation(({ Revision }) => Revision(params)),
      diff: ({ query: { revision = null } }) => operation(({ Diff }) => Diff({ revision })),
      rollback: ({ payload: { revision = null } }) => operation(({ Rollback }) => Rollback({ revision })),
    }),
  ),
);

const fleet = HttpApiBuilder.group(MasterHttp, "fleet", (handlers) =>
  Effect.succeed(
    handlers.handleAll({
      upgrade: ({ payload }) => operation(({ Upgrade }) => Upgrade(payload)),
      peers: () => operation(({ Peers }) => Effect.map(Peers(), (peers) => ({ peers }))),
      addPeer: ({ payload }) => operation(({ AddPeer }) => AddPeer(payload)),
      removePeer: ({ params }) => operation(({ RemovePeer }) => RemovePeer(params)),
    }),
  ),
);

const audit = HttpApiBuilder.group(MasterHttp, "audit", (handlers) =>
  Effect.succeed(
    handlers.handleAll({
      records: ({ query }) => operation(({ Audit }) => Effect.map(Stream.runCollect(Audit(query)), (records) => ({ records }))),
      verify: () => operation(({ AuditVerify }) => AuditVerify()),
    }),
  ),
);

export const more = Layer.mergeAll(config, fleet, audit);
