/**
 * What the refs of all kinds of supervisors are: a cell's address without its mailbox.
 */
import type * as Effect from "effect/Effect";
import { awaitExit, kill, stop } from "../Actor.ts";
import type { ActorRef } from "../ActorRef.ts";
import type { ExitReason } from "../ExitReason.ts";
import type { Cell } from "./cell.ts";
import type { SupervisorCell } from "./supervisorCell.ts";

export abstract class SupervisorHandle<C extends Cell = SupervisorCell> {
  protected readonly cell: C;

  constructor(cell: C) {
    this.cell = cell;
  }

  get id(): string {
    return this.cell.id;
  }

  get path(): ReadonlyArray<string> {
    return this.cell.path;
  }

  get incarnation(): number {
    return this.cell.incarnation;
  }

  get alive(): boolean {
    return this.cell.alive;
  }

  get awaitExit(): Effect.Effect<ExitReason> {
    return awaitExit(this.cell as unknown as ActorRef<never>);
  }

  get stop(): Effect.Effect<void> {
    return stop(this.cell as unknown as ActorRef<never>);
  }

  get kill(): Effect.Effect<void> {
    return kill(this.cell as unknown as ActorRef<never>);
  }
}
