import { describe, expect, it } from "vitest";
import { controlled as file, findings, specOf } from "./support.ts";

describe("kinds of start", () => {
  it("process is the default; a oneshot has no start deadline", () => {
    expect(specOf(file())).not.toHaveProperty("start");
    expect(specOf(file("start: process"))).not.toHaveProperty("start");
    expect(specOf(file("start: oneshot"))).toMatchObject({ start: "oneshot", startTimeoutMillis: 24 * 86_400_000 });
    expect(specOf(file("start: oneshot", "startup_timeout: 5s"))).toMatchObject({ start: "oneshot", startTimeoutMillis: 5_000 });
  });

  it("notify may have a watchdog, and only that", () => {
    expect(specOf(file("start: notify", "watchdog: 30s"))).toMatchObject({
      start: "notify",
      watchdogMillis: 30_000,
      startTimeoutMillis: 60_000,
    });
    expect(findings(file("watchdog: 30s"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:7: error HSU-CFG-032: unit "web": a "watchdog" listens to a unit that tells its state
        6 |       watchdog: 30s
          |       ^^^^^^^^
          = add start: notify, and have the program send WATCHDOG=1

      1 error
      "
    `);
  });

  it("the keys are those of the nested dialect as well", () => {
    const nested = [
      "managed_processes:",
      "- id: web",
      "  management:",
      "    standard_managed:",
      "      control: { execution: { executable_path: sleep }, schedule: { every: 1m }, run_timeout: 5s }",
    ].join("\n");
    expect(specOf(nested)).toMatchObject({ schedule: { at: { everyMillis: 60_000 } }, runTimeoutMillis: 5_000 });
  });
});

describe("schedules", () => {
  it("a text, or a block; without a policy a run is not tried again", () => {
    expect(specOf(file('schedule: "0 3 * * *"'))).toMatchObject({
      schedule: { at: { cron: "0 3 * * *" }, jitterMillis: 0, overlap: "skip", catchUp: false },
      restart: { when: "never" },
    });
    expect(specOf(file("schedule: { every: 40d, jitter: 1m, overlap: replace, catch_up: true }"))).toMatchObject({
      schedule: { at: { everyMillis: 40 * 86_400_000 }, jitterMillis: 60_000, overlap: "replace", catchUp: true },
    });
  });

  it("HSU-CFG-030: what is wrong with a cron text; HSU-CFG-031: with a time zone", () => {
    expect(findings(file('schedule: "0 25 * * *"'))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:17: error HSU-CFG-030: "0 25 * * *" is not a schedule: expected a value between 0 and 23
        6 |       schedule: "0 25 * * *"
          |                 ^^^^^^^^^^^^
          = expected five fields, as in "0 3 * * *" (minute, hour, day, month, weekday), six with seconds first, or @daily, @hourly …

      1 error
      "
    `);
    expect(findings(file('schedule: { cron: "0 0 30 2 *", timezone: Mars/Phobos }'))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:25: error HSU-CFG-030: "0 0 30 2 *" is not a schedule: there is no such date
        6 |       schedule: { cron: "0 0 30 2 *", timezone: Mars/Phobos }
          |                         ^^^^^^^^^^^^
          = expected five fields, as in "0 3 * * *" (minute, hour, day, month, weekday), six with seconds first, or @daily, @hourly …

      hsu.yaml:6:49: error HSU-CFG-031: "timezone" cannot be the text "Mars/Phobos"
        6 |       schedule: { cron: "0 0 30 2 *", timezone: Mars/Phobos }
          |                                                 ^^^^^^^^^^^
          = expected a time zone of the IANA database, as in Europe/Berlin or UTC

      2 errors
      "
    `);
  });

  it("HSU-CFG-010: an interval that is too short, and a deadline of nothing", () => {
    expect(findings(file("schedule: { every: 10ms }", "run_timeout: 0s"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:26: error HSU-CFG-010: "every" cannot be the text "10ms"
        6 |       schedule: { every: 10ms }
          |                          ^^^^
          = expected a duration of at least 1s

      hsu.yaml:7:20: error HSU-CFG-010: "run_timeout" cannot be the text "0s"
        7 |       run_timeout: 0s
          |                    ^^
          = expected a duration longer than 0

      2 errors
      "
    `);
  });

  it("HSU-CFG-032: keys that do not go together, at the one that is too much", () => {
    expect(findings(file('schedule: { cron: "@daily", every: 1d }'))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:35: error HSU-CFG-032: "schedule" says both "cron" and "every"
        6 |       schedule: { cron: "@daily", every: 1d }
          |                                   ^^^^^
          = one of them: two schedules are two units

      1 error
      "
    `);
    expect(findings(file("schedule: { jitter: 1m }"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:7: error HSU-CFG-032: "schedule" says neither "cron" nor "every"
        6 |       schedule: { jitter: 1m }
          |       ^^^^^^^^

      1 error
      "
    `);
    expect(findings(file("schedule: { every: 1h, timezone: UTC }"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:6:30: error HSU-CFG-032: "timezone" means nothing to "every"
        6 |       schedule: { every: 1h, timezone: UTC }
          |                              ^^^^^^^^

      1 error
      "
    `);
    expect(findings(file("start: oneshot", "schedule: { every: 1h }", "run_timeout: 5s"))).toMatchInlineSnapshot(`
      "
      hsu.yaml:7:7: error HSU-CFG-032: unit "web": a "oneshot" has no "schedule"
        7 |       schedule: { every: 1h }
          |       ^^^^^^^^
          = leave "start" out: a unit with a schedule ends by itself

      hsu.yaml:8:7: error HSU-CFG-032: unit "web": the run of a "oneshot" is its start
        8 |       run_timeout: 5s
          |       ^^^^^^^^^^^
          = startup_timeout is its deadline

      2 errors
      "
    `);
    expect(findings(`${file('schedule: "@daily"')}    restart_policy: always\n`)).toMatchInlineSnapshot(`
      "
      hsu.yaml:7:21: error HSU-CFG-032: unit "web": with a "schedule" it cannot be restarted "always": it would never end
        7 |     restart_policy: always
          |                     ^^^^^^
          = expected on_failure or never

      1 error
      "
    `);
  });
});
