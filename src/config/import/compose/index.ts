/**
 * Files of Docker Compose: services that say what they run.
 */
import { dirname, join } from "node:path";
import { type Draft, naming } from "../Draft.ts";
import { documentOf, type Key, keysOf } from "../Keys.ts";
import type { Importer } from "../Source.ts";
import { extended } from "./Extends.ts";
import { dotenvOf, interpolating } from "./Interpolate.ts";
import { type Context, serviceOf } from "./Service.ts";
import { whyNot } from "./Why.ts";

export const compose: Importer = (files, world, tell) => {
  const services = files.flatMap((of) => {
    const root = documentOf(of, tell);
    if (root === undefined) return [];
    const keys = keysOf(of, root);
    const list = keys.take("services");
    if (list?.node.kind !== "map") {
      tell.wrong({ of, start: root.start, end: root.start + 1 }, 'there is no map of "services" in it', "a file of Docker Compose has one");
      return [];
    }
    // Compose itself does nothing with them any more.
    keys.take("version");
    keys.take("name");
    for (const rest of keys.rest()) if (!rest.key.startsWith("x-")) tell.none(rest, `${rest.key} has no counterpart`, whyNot(rest.key));
    const context: Context = { world, tell, said: interpolating(dotenvOf(world.readFile(join(dirname(of.file), ".env"))), tell) };
    return [...list.node.entries.values()].flatMap((entry) => {
      const node = extended(of, list.node, entry.node, world, tell);
      return serviceOf({ ...entry, node, of } satisfies Key, context) ?? [];
    });
  });
  const idOf = naming();
  const ids = new Map(services.map(({ name }) => [name, idOf(name)]));
  /** Whose end others wait for: its start is complete when it has ended well. */
  const isRunOnce = new Set(
    services.flatMap(({ waits }) => waits.flatMap(({ condition, name }) => (condition === "service_completed_successfully" ? [name] : []))),
  );
  const probed = new Set(services.flatMap(({ draft, name }) => (draft.probes === undefined ? [] : [name])));
  const units = services.map(({ draft, name, waits }): Draft => {
    const after: Array<string> = [];
    const requires: Array<string> = [];
    for (const { condition, name: other, ...place } of waits) {
      const id = ids.get(other);
      if (id === undefined) tell.none(place, `${other} is not among the units: it is not waited for`);
      else if (condition === "service_started") after.push(id);
      else requires.push(id);
      if (condition === "service_healthy" && id !== undefined && !probed.has(other)) {
        tell.other(place, `${other} has no healthcheck here: it is waited for until it runs`);
      }
    }
    return {
      ...draft,
      id: ids.get(name)!,
      after,
      requires,
      ...(isRunOnce.has(name) ? { control: { ...draft.control, start: "oneshot" } } : {}),
    };
  });
  return { units };
};
