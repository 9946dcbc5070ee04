/**
 * What a process tells of itself, as `sd_notify` writes it: a line an assignment. Pure.
 */

export type Notification =
  | { readonly _tag: "Ready" | "Reloading" | "Stopping" | "Alive" | "WatchdogTrigger" }
  | { readonly _tag: "Status"; readonly text: string }
  | { readonly _tag: "MainPid"; readonly pid: number }
  | { readonly _tag: "Errno"; readonly errno: number }
  | { readonly _tag: "BusError"; readonly name: string }
  | { readonly _tag: "WatchdogInterval" | "ExtendTimeout"; readonly millis: number }
  /** Something that systemd does and HSU does not. */
  | { readonly _tag: "Unsupported"; readonly assignment: string };

export interface Parsed {
  readonly notifications: ReadonlyArray<Notification>;
  /** Lines that are no assignment, or whose value cannot be. */
  readonly malformed: ReadonlyArray<string>;
}

/** As long as a status is shown. */
const statusLength = 200;

/** The longest timer, 24 days: what asks for more gets that. */
const longestMillis = 24 * 86_400_000;

const whole = (value: string, most: number): number | undefined => {
  if (!/^\d{1,20}$/.test(value)) return undefined;
  const number = Number(value);
  return number <= most ? number : undefined;
};

/** Microseconds as milliseconds, rounded up: nobody is given less time than he has asked for. */
const micros = (value: string): number | undefined => {
  const number = whole(value, Infinity);
  return number === undefined ? undefined : Math.min(Math.ceil(number / 1000), longestMillis);
};

const flag = (tag: "Ready" | "Reloading" | "Stopping", value: string): Notification | undefined =>
  value === "1" ? { _tag: tag } : undefined;

/** A control character could steer the terminal of who reads it. */
const shown = (text: string): string => text.replaceAll(/\p{Cc}/gu, " ").slice(0, statusLength);

/** Undefined: no such value. Null: an assignment of somebody else's, which says nothing here. */
const read = (key: string, value: string): Notification | undefined | null => {
  switch (key) {
    case "READY":
      return flag("Ready", value);
    case "RELOADING":
      return flag("Reloading", value);
    case "STOPPING":
      return flag("Stopping", value);
    case "STATUS":
      return { _tag: "Status", text: shown(value) };
    case "WATCHDOG":
      return value === "1" ? { _tag: "Alive" } : value === "trigger" ? { _tag: "WatchdogTrigger" } : undefined;
    case "WATCHDOG_USEC": {
      const millis = micros(value);
      return millis === undefined ? undefined : { _tag: "WatchdogInterval", millis };
    }
    case "EXTEND_TIMEOUT_USEC": {
      const millis = micros(value);
      return millis === undefined ? undefined : { _tag: "ExtendTimeout", millis };
    }
    case "MAINPID": {
      const pid = whole(value, 2 ** 31 - 1);
      return pid === undefined || pid === 0 ? undefined : { _tag: "MainPid", pid };
    }
    case "ERRNO": {
      const errno = whole(value, 4095);
      return errno === undefined ? undefined : { _tag: "Errno", errno };
    }
    case "BUSERROR":
      return { _tag: "BusError", name: shown(value) };
    case "FDSTORE":
    case "FDSTOREREMOVE":
    case "NOTIFYACCESS":
      return { _tag: "Unsupported", assignment: `${key}=${shown(value)}` };
    default:
      return null;
  }
};

/** What a datagram says; a line that cannot be read costs none of the others. */
export const parse = (text: string): Parsed => {
  const notifications: Array<Notification> = [];
  const malformed: Array<string> = [];
  for (const line of text.split("\n")) {
    // The text of a C program may come with its end.
    const assignment = line.replace(/\0+$/, "");
    if (assignment === "") continue;
    const at = assignment.indexOf("=");
    const found = at <= 0 ? undefined : read(assignment.slice(0, at), assignment.slice(at + 1));
    if (found === undefined) malformed.push(shown(assignment));
    else if (found !== null) notifications.push(found);
  }
  return { notifications, malformed };
};
