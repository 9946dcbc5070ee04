/**
 * What is said of keys of systemd that have no counterpart; of any other key it is said without a reason.
 */
const OWN_USER = "hsu runs a unit as the user that it is run by itself: run a master for that user";
const SANDBOX = "hsu puts no unit into a sandbox";

const WHY: Readonly<Record<string, string>> = {
  User: OWN_USER,
  Group: OWN_USER,
  SupplementaryGroups: OWN_USER,
  DynamicUser: OWN_USER,
  UMask: "a unit has the umask of the master",
  OnFailure: "`hsu events -f -o json` tells of failures",
  OnSuccess: "another unit can wait for the end of a one-shot: requires",
  PartOf: "a unit that requires it is stopped before it, and comes back with it: requires",
  Conflicts: "units do not stop one another",
  Documentation: "a unit has a description alone",
  ExecStop: "the unit is asked to end by its stop signal",
  ExecStopPost: "nothing is run behind a unit; `hsu events -f` tells of its end",
  ExecStartPost: "a unit of its own can wait for this one: after",
  ExecCondition: "nothing is asked before a start",
  PIDFile: "a unit stays in the foreground",
  StandardInput: "a unit reads from /dev/null",
  SyslogIdentifier: "output is kept with the id of the unit: `hsu logs`",
  Slice: "each unit has a control group of its own below the master's",
  OOMScoreAdjust: "of a unit with a limit of memory it is 500",
  RuntimeDirectory: "make it where the program starts: ExecStart with `sh -c 'mkdir -p … && exec …'`",
  StateDirectory: "make it before the program starts, or where it does",
  Alias: "a unit has one id",
  Also: "all units of the config start",
};

/** A reason, where there is one. */
export const whyNot = (key: string): string | undefined => {
  if (Object.hasOwn(WHY, key)) return WHY[key];
  if (/^(Condition|Assert)/.test(key)) return "nothing is asked before a start";
  if (
    /^(Protect|Private|Restrict|Capability|Ambient|NoNewPrivileges|ReadOnly|ReadWrite|Inaccessible|SystemCall|Bind|Root|Memory(DenyWrite))/.test(
      key,
    )
  )
    return SANDBOX;
  return undefined;
};
