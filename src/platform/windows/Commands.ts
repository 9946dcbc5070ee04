/**
 * What Windows is asked on the command line, and what it answers. Pure.
 */

/** A program and its arguments. */
export type Command = readonly [file: string, args: ReadonlyArray<string>];

/** A process, as Windows knows it. */
export interface Row {
  readonly pid: number;
  readonly parent: number;
  /** Unix milliseconds. */
  readonly startTime: number;
  readonly rssBytes: number;
  /** User and system time, milliseconds. */
  readonly cpuMillis: number;
  readonly threads: number;
}

const powershell = (script: string): Command => ["powershell.exe", ["-NoProfile", "-NonInteractive", "-Command", script]];

const columns = [
  "ProcessId",
  "ParentProcessId",
  "@{n='Started';e={([DateTimeOffset]$_.CreationDate).ToUnixTimeMilliseconds()}}",
  "WorkingSetSize",
  "KernelModeTime",
  "UserModeTime",
  "ThreadCount",
].join(",");

/** One process, or all of them. */
export const processes = (pid?: number): Command =>
  powershell(
    `Get-CimInstance Win32_Process${pid === undefined ? "" : ` -Filter 'ProcessId=${pid}'`} | Select-Object ${columns} | ConvertTo-Json -Compress`,
  );

/** Which boot of the machine it is. */
export const boot: Command = powershell("(Get-CimInstance Win32_OperatingSystem).LastBootUpTime.ToUniversalTime().ToString('o')");

/** To a process and all that it has started: asked to end, which programs without a window mostly do not hear, or ended. */
export const taskkill = (pid: number, force: boolean): Command => ["taskkill.exe", ["/PID", String(pid), "/T", ...(force ? ["/F"] : [])]];

const number = (value: unknown): number => (typeof value === "number" ? value : 0);

/** Windows counts CPU time in units of 100 ns. */
const perMillisecond = 10_000;

/** Nothing, one object or a list of them, as `ConvertTo-Json` has it. A row without a start is one of the system's own. */
export const rowsOf = (text: string): ReadonlyArray<Row> => {
  if (text.trim() === "") return [];
  const parsed = JSON.parse(text) as Record<string, unknown> | ReadonlyArray<Record<string, unknown>>;
  return [parsed].flat().flatMap((row) =>
    typeof row["ProcessId"] !== "number" || typeof row["Started"] !== "number"
      ? []
      : [
          {
            pid: row["ProcessId"],
            parent: number(row["ParentProcessId"]),
            startTime: row["Started"],
            rssBytes: number(row["WorkingSetSize"]),
            cpuMillis: Math.round((number(row["KernelModeTime"]) + number(row["UserModeTime"])) / perMillisecond),
            threads: number(row["ThreadCount"]),
          },
        ],
  );
};

/** A process and all below it. Windows keeps the pid of a parent that has ended: who is older than its parent is somebody else's child. */
export const treeOf = (rows: ReadonlyArray<Row>, root: Pick<Row, "pid" | "startTime">): ReadonlyArray<Row> => {
  const found = rows.filter(({ pid, startTime }) => pid === root.pid && startTime === root.startTime);
  for (const above of found) {
    found.push(
      ...rows.filter(
        (row) => row.parent === above.pid && row.pid !== above.pid && row.startTime >= above.startTime && !found.includes(row),
      ),
    );
  }
  return found;
};
