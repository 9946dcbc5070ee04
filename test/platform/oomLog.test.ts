import { expect, it } from "vitest";
import { parse } from "../../src/platform/linux/OomLog.ts";

const of = (rest: string): string => `6,1203,44985067513,-;oom-kill:${rest}`;

it("the kernel's own record says whom it has killed, and for whose want of memory", () => {
  expect(
    parse(
      of("constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a/b,task_memcg=/a/b/c,task=node,pid=9105,uid=0"),
    ),
  ).toEqual({ pid: 9105, kill: { at: 44_985_067.513, group: "/a/b" } });
  expect(
    parse(of("constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/a,task=db,pid=7,uid=1000\n")),
  ).toMatchObject({ pid: 7, kill: { group: null } });
  expect(parse("6,1204,1,-;Memory cgroup out of memory: Killed process 9105 (node) total-vm:1kB,pid=9105")).toBeUndefined();
  expect(parse("")).toBeUndefined();
});
