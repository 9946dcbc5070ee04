/** A tree that exports an actor with that one call: `node shop.ts SOCKET`. It says `open` when it is up. */
import { Actor } from "../../src/actor/index.ts";
import { launch } from "../../src/embed/index.ts";
import { echo } from "./echo.ts";

const Echo = Actor.make({ name: "echo", protocol: echo, init: () => 0, handlers: { Echo: (n, { text }) => Actor.reply(n + 1, text) } });
const tree = await launch({ yaml: "managed_processes: []" }, { socket: process.argv[2]! });
tree.export("echo", await tree.run(Actor.spawn(Echo, undefined)));
console.log("open");
