/**
 * The plan on the floor.
 */
import { FloorActor, FloorSupervisor, type Handler } from "./floor.ts";
import { burst, treeSize, type Implementation, type Work } from "./plan.ts";

const tick = 0;
const get = 1;
const crash = 2;
const add = (by: number): { readonly by: number } => ({ by });

const counter: Handler = (count, message, reply) => {
  if (message === tick) return count + 1;
  if (message === get) reply?.(count);
  else if (message === crash) throw new Error("crash");
  else return count + (message as { readonly by: number }).by;
  return count;
};

const casts =
  (send: (actor: FloorActor) => void): Work =>
  async (n) => {
    const actor = new FloorActor(0, counter, null);
    for (let sent = 0; sent < n; sent += burst) {
      for (let i = 0; i < burst; i++) send(actor);
      if ((await actor.call(get)) !== sent + burst) throw new Error("a cast was lost");
    }
  };

const call: Work = async (n) => {
  const actor = new FloorActor(7, counter, null);
  for (let i = 0; i < n; i++) if ((await actor.call(get)) !== 7) throw new Error("a wrong answer");
};

const idsOf = (n: number): ReadonlyArray<string> => Array.from({ length: n }, (_, index) => `child-${index}`);

export const floor: Implementation = {
  cast: casts((actor) => actor.cast(tick)),
  castPayload: casts((actor) => actor.cast(add(1))),
  call,
  callInfinity: call,
  spawnStop: async (n) => {
    for (let i = 0; i < n; i++) {
      const actor = new FloorActor(0, counter, null);
      await Promise.resolve();
      actor.stop();
    }
  },
  tree: async (n) => {
    for (let done = 0; done < n; done += treeSize) {
      const supervisor = new FloorSupervisor(idsOf(treeSize), counter);
      await Promise.resolve();
      supervisor.stop();
    }
  },
  restart: async (n) => {
    const child = new FloorSupervisor(["child"], counter).children.get("child")!;
    for (let i = 0; i < n; i++) {
      child.cast(tick);
      child.cast(crash);
      if ((await child.call(get)) !== 0) throw new Error("not restarted");
    }
  },
  idle: async (n) => Array.from({ length: n }, () => new FloorActor(0, counter, null)),
  idleSupervised: async (n) => new FloorSupervisor(idsOf(n), counter),
};
