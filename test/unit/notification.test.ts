import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/unit/Notification.ts";

const said = (text: string) => parse(text).notifications;

describe("what a datagram says", () => {
  it.each([
    ["READY=1", { _tag: "Ready" }],
    ["RELOADING=1", { _tag: "Reloading" }],
    ["STOPPING=1", { _tag: "Stopping" }],
    ["STATUS=three clients = busy", { _tag: "Status", text: "three clients = busy" }],
    ["STATUS=", { _tag: "Status", text: "" }],
    ["WATCHDOG=1", { _tag: "Alive" }],
    ["WATCHDOG=trigger", { _tag: "WatchdogTrigger" }],
    ["WATCHDOG_USEC=1500", { _tag: "WatchdogInterval", millis: 2 }],
    ["WATCHDOG_USEC=18446744073709551615", { _tag: "WatchdogInterval", millis: 24 * 86_400_000 }],
    ["EXTEND_TIMEOUT_USEC=20000000", { _tag: "ExtendTimeout", millis: 20_000 }],
    ["MAINPID=4711", { _tag: "MainPid", pid: 4711 }],
    ["ERRNO=2", { _tag: "Errno", errno: 2 }],
    ["BUSERROR=org.example.Failed", { _tag: "BusError", name: "org.example.Failed" }],
    ["FDSTORE=1", { _tag: "Unsupported", assignment: "FDSTORE=1" }],
  ])("%s", (text, expected) => {
    expect(parse(text)).toEqual({ notifications: [expected], malformed: [] });
  });

  it("several lines, in their order; what others assign says nothing; the end of a C text is none", () => {
    expect(parse("STATUS=up\nX_MINE=1\nMONOTONIC_USEC=5\nREADY=1\n\0")).toEqual({
      notifications: [{ _tag: "Status", text: "up" }, { _tag: "Ready" }],
      malformed: [],
    });
  });

  it.each(["READY", "=1", "READY=yes", "WATCHDOG=", "MAINPID=0", "MAINPID=-1", "MAINPID=4294967296", "ERRNO=x", "WATCHDOG_USEC=1.5"])(
    "%j cannot be read, and costs the rest nothing",
    (line) => {
      expect(parse(`STATUS=a\n${line}\nREADY=1`)).toEqual({
        notifications: [{ _tag: "Status", text: "a" }, { _tag: "Ready" }],
        malformed: [line],
      });
    },
  );

  it("a status steers no terminal and has an end", () => {
    expect(said(`STATUS=\u001b[2Jred\t${"x".repeat(500)}`)).toEqual([{ _tag: "Status", text: ` [2Jred ${"x".repeat(192)}` }]);
  });

  it("whatever comes: never throws, reads what stands between the rest, and every number is a timer's", () => {
    const lines = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.constantFrom("READY", "WATCHDOG", "WATCHDOG_USEC", "EXTEND_TIMEOUT_USEC", "MAINPID", "STATUS"), fc.string())
        .map((pair) => pair.join("=")),
      fc
        .tuple(fc.constantFrom("WATCHDOG_USEC", "EXTEND_TIMEOUT_USEC"), fc.bigInt({ min: 0n, max: 2n ** 70n }))
        .map((pair) => pair.join("=")),
    );
    fc.assert(
      fc.property(fc.array(lines), fc.array(lines), (before, after) => {
        const { malformed, notifications } = parse([...before, "READY=1", ...after].join("\n"));
        expect(notifications).toContainEqual({ _tag: "Ready" });
        for (const each of notifications) if ("millis" in each) expect(each.millis).toBeLessThanOrEqual(24 * 86_400_000);
        const control = /\p{Cc}/u;
        for (const each of [...malformed, ...notifications.flatMap((one) => (one._tag === "Status" ? [one.text] : []))])
          expect(each).not.toMatch(control);
      }),
    );
  });
});
