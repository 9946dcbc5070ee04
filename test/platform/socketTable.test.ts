import { expect, it } from "vitest";
import { backlogIn, tableAddress, tcpConnections, unixConnections } from "../../src/platform/linux/SocketTable.ts";

const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000001 00:00000000 00000000     0        0 100 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 101 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:1F90 0100007F:C002 08 00000000:00000000 00:00000000 00000000     0        0 0 1 0000000000000000 20 4 30 10 -1
   3: 0100007F:1F90 0100007F:C003 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0000000000000000
   4: 0100007F:C001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 102 1 0000000000000000 20 4 30 10 -1
   5: 0200007F:1F90 0100007F:C004 01 00000000:00000000 00:00000000 00000000     0        0 103 1 0000000000000000 20 4 30 10 -1
`;

it("counts who is connected to an address, not who listens, has gone, or has connected from here", () => {
  expect(tcpConnections(tcp, tableAddress(Uint8Array.of(127, 0, 0, 1)), 8080)).toBe(2);
  expect(tcpConnections(tcp, tableAddress(Uint8Array.of(127, 0, 0, 3)), 8080)).toBe(0);
  expect(tcpConnections(tcp, tableAddress(new Uint8Array(4)), 8080)).toBe(3);
  expect(tcpConnections(tcp, tableAddress(new Uint8Array(4)), 8081)).toBe(0);
});

it("counts who waits to be accepted at a port", () => {
  expect([backlogIn(tcp, 8080), backlogIn(tcp, 49153)]).toEqual([1, 0]);
});

it("writes an address as the kernel does", () => {
  expect(tableAddress(Uint8Array.of(127, 0, 0, 1))).toBe("0100007F");
  expect(tableAddress(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1))).toBe("00000000000000000000000001000000");
});

it("counts who is connected to a path, and who waits to be accepted there", () => {
  const unix = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 100 /run/a b.sock
0000000000000000: 00000003 00000000 00000000 0001 03 101 /run/a b.sock
0000000000000000: 00000002 00000000 00000000 0001 02     0 /run/a b.sock
0000000000000000: 00000003 00000000 00000000 0001 03 102 /run/a
0000000000000000: 00000003 00000000 00000000 0001 03 103
`;
  expect([unixConnections(unix, "/run/a b.sock"), unixConnections(unix, "/run/a"), unixConnections(unix, "/run/c")]).toEqual([2, 1, 0]);
});
