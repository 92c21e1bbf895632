import assert from "node:assert/strict";
import { type PortRows, sortRows } from "../../../src/reuse/port_rows.ts";
import type { SocketRow } from "../../../src/reuse/socket_table.ts";

const PORT = 8080;

function row(address: string, changes: Partial<SocketRow> = {}): SocketRow {
  const family = address.includes(":") ? 6 : 4;
  return { protocol: "tcp", family, local: { address, port: PORT }, state: 10, uid: 0, inode: 7, ...changes };
}

function placeOf(one: SocketRow, address: string): string {
  const rows: PortRows = sortRows([one], { address, port: PORT });
  if (rows.orphanCount > 0) return "orphan";
  for (const place of ["serving", "perhaps", "connections", "elsewhere"] as const) {
    if (rows[place].includes(one)) return place;
  }
  return "none";
}

const LISTENERS: readonly (readonly [row: string, local: string, place: string])[] = [
  ["0.0.0.0", "192.168.1.2", "serving"],
  ["192.168.1.2", "0.0.0.0", "serving"],
  ["192.168.1.2", "192.168.1.2", "serving"],
  ["127.0.0.1", "192.168.1.2", "elsewhere"],
  ["::", "192.168.1.2", "perhaps"],
  ["::", "::1", "serving"],
  ["::1", "::", "serving"],
  ["2001:db8::1", "192.168.1.2", "elsewhere"],
  ["0.0.0.0", "::", "elsewhere"],
  ["fe80::1", "fe80::1%eth0", "serving"],
];

for (const [address, local, place] of LISTENERS) {
  Deno.test(`sortRows() puts a listener on ${address} into ${place} when ${local} is bound`, () => {
    assert.equal(placeOf(row(address), local), place);
  });
}

const OTHERS: readonly (readonly [string, Partial<SocketRow>, string])[] = [
  ["a connection", { state: 1 }, "connections"],
  ["a TIME_WAIT", { state: 6, inode: 0 }, "orphan"],
  ["a FIN-WAIT-2 without owner", { state: 5, inode: 0 }, "orphan"],
  ["a connection request", { state: 3, inode: 0 }, "none"],
  ["a UDP socket", { protocol: "udp", state: 7 }, "serving"],
  ["a connected UDP socket", { protocol: "udp", state: 1 }, "serving"],
  ["a UDP socket of the kernel", { protocol: "udp", state: 7, inode: 0 }, "serving"],
  ["another port's", { local: { address: "0.0.0.0", port: 81 } }, "none"],
];

for (const [what, changes, place] of OTHERS) {
  Deno.test(`sortRows() puts ${what} into ${place}`, () => {
    assert.equal(placeOf(row("0.0.0.0", changes), "192.168.1.2"), place);
  });
}
