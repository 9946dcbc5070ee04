/** Who does not answer any more, by the kernel's table of connections. */
import { expect, it } from "vitest";
import { silentIn } from "../../src/platform/linux/SocketTable.ts";

const row = (local: string, remote: string, state: string, timer: string, again: number, asked: number): string =>
  `   1: ${local} ${remote} ${state} 00000100:00000000 ${timer} ${again.toString(16).padStart(8, "0")}     0 ${String(asked).padStart(8)} 123 2 0000000000000000 20 4 30 10 -1`;

it("is whoever was sent something so often in vain, or asked whether he has room; and neither who is slow, who is idle, nor who is of another port", () => {
  const [here, other] = ["01004D0A:C4B4", "01004D0A:C4B5"];
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    row(here, "02004D0A:0001", "01", "01:00000A00", 7, 0),
    row(here, "02004D0A:0002", "01", "04:00000A00", 0, 7),
    // Sent again now and then; not reading, and saying so; asked by the system itself; not there any more.
    row(here, "02004D0A:0003", "01", "01:00000A00", 2, 0),
    row(here, "02004D0A:0004", "01", "04:00000A00", 0, 0),
    row(here, "02004D0A:0005", "01", "02:00000A00", 0, 9),
    row(here, "02004D0A:0006", "04", "01:00000A00", 9, 0),
    row(other, "02004D0A:0007", "01", "01:00000A00", 9, 0),
  ].join("\n");
  expect([...silentIn(table, 0xc4b4)]).toEqual(["02004D0A:0001", "02004D0A:0002"]);
});
