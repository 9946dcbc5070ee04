/** What goes out as it is, without its schema: it must be what the schema makes of it. */
import * as Schema from "effect/Schema";
import { expect, it } from "vitest";
import { statusBytes } from "../../src/api/Remembered.ts";
import { MasterStatus, UnitStatus } from "../../src/protocol/MasterRpc.ts";
import * as fake from "./fakeControl.ts";

const full: UnitStatus = fake.unit("full", {
  reason: "gave up",
  startedAt: null,
  nextStartAt: fake.now + 0.5,
  lastExit: { code: null, signal: "SIGKILL", because: "liveness probe failed", at: fake.now },
  cpu: 12.5,
  limits: [{ limit: "memory.max_rss", by: "cgroup v2" }],
  warnings: ["nobody holds it"],
  health: "unhealthy",
  port: 8080,
  breaker: "half_open",
  logTargets: [
    { target: "loki", awaySince: fake.now, why: "refused", delivered: 1, lost: 2, rejected: 3, lagBytes: 4, lagLines: 5, hasMore: true },
  ],
});
const peer = {
  name: "shop",
  address: "shop:7420",
  state: "down",
  reason: "refused",
  code: "HSU-PEER-001",
  since: fake.now,
  version: null,
  role: null,
  group: null,
  configured: true,
} as const;

it("a status goes out as its schema would write it, whatever there is in it", () => {
  const status: MasterStatus = { ...fake.status([full, fake.unit("plain")]), peers: [peer] };
  // Who adds a field adds it here, too.
  expect(Object.keys(full).toSorted()).toEqual(Object.keys(UnitStatus.fields).toSorted());
  expect(Object.keys(status).toSorted()).toEqual(Object.keys(MasterStatus.fields).toSorted());
  const encoded = Schema.encodeUnknownSync(Schema.toCodecJson(MasterStatus))(status);
  expect(JSON.parse(statusBytes(status).toString())).toEqual(JSON.parse(JSON.stringify(encoded)));
});
