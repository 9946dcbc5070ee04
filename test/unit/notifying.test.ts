/** What a unit says before anybody waits for it. */
import * as Effect from "effect/Effect";
import { expect, it } from "@effect/vitest";
import type { Driver, Task } from "../../src/driver/index.ts";
import type { Sender } from "../../src/platform/index.ts";
import { MemoryStore } from "../../src/store/index.ts";
import { open } from "../../src/unit/Notifying.ts";
import { emptySlot } from "../../src/unit/Run.ts";
import type { UnitSpec } from "../../src/unit/UnitSpec.ts";

const sender: Sender = { pid: 1, uid: 0, isOf: () => true };

const told = (...said: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const slot = emptySlot();
    const events: Array<string> = [];
    let stops = 0;
    const says: { hear: (text: string, sender: Sender) => void } = { hear: () => {} };
    const notifying = yield* open({
      spec: { id: "web", startTimeoutMillis: 1000 } as UnitSpec,
      slot,
      driver: {
        openNotifySocket: (_id: string, received: typeof says.hear) => {
          says.hear = received;
          return Effect.succeed({ name: "socket", keeper: null, drain: () => {} });
        },
      } as unknown as Driver,
      wasReady: false,
      holder: null,
      notice: (type) => void events.push(type),
      stopping: () => void stops++,
      watch: () => {},
      store: MemoryStore.make(),
    });
    for (const text of said) says.hear(text, sender);
    notifying.attach({ identity: { pid: 1, startTime: 1, bootId: "boot" } } as Task);
    yield* notifying.ready;
    // As the start goes on.
    slot.readiness.set(true);
    return { events, ready: slot.readiness.isReady(), stops };
  }).pipe(Effect.scoped);

it.effect("what it has said last counts, however early: the end of the start does not undo it", () =>
  Effect.gen(function* () {
    expect(yield* told("READY=1", "STOPPING=1")).toEqual({ events: ["stopping"], ready: false, stops: 1 });
    expect(yield* told("READY=1\nSTOPPING=1", "STOPPING=1", "READY=1")).toEqual({ events: ["stopping"], ready: false, stops: 1 });
    expect(yield* told("READY=1\nRELOADING=1")).toEqual({ events: ["reloading"], ready: false, stops: 0 });
    expect(yield* told("RELOADING=1", "READY=1")).toEqual({ events: ["reloading"], ready: true, stops: 0 });
  }),
);
