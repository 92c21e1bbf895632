import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalAddress } from "../../../src/core/endpoint.ts";
import { parseSocketTable } from "../../../src/reuse/socket_table.ts";
import { type FakeSocket, tableOf } from "./fake_proc.ts";

// Copied from machines; the second line is a dual-stack listener, the third a TIME_WAIT.
const TCP6 =
  `  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000001000000:0277 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1377 1 0000000000000000 100 0 0 10 0
   1: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 24161 1 0000000000000000 100 0 0 10 0
   2: 0000000000000000FFFF00000201A8C0:1F90 0000000000000000FFFF00000B7100CB:D6D8 06 00000000:00000000 03:00001450 00000000     0        0 0 3 0000000000000000
`;

Deno.test("parseSocketTable() reads the kernel's words in host order", () => {
  assert.deepEqual(parseSocketTable(TCP6, { protocol: "tcp", family: 6, port: 8080 }), [
    { protocol: "tcp", family: 6, local: { address: "::", port: 8080 }, state: 10, uid: 1000, inode: 24161 },
    {
      ...{ protocol: "tcp", family: 6, local: { address: "192.168.1.2", port: 8080 } },
      ...{ state: 6, uid: 0, inode: 0 },
    },
  ]);
  assert.deepEqual(
    parseSocketTable(TCP6, { protocol: "tcp", family: 6 }).map(({ local }) => local.address),
    ["::1", "::", "192.168.1.2"],
  );
});

const socket = fc.record({
  address: fc.oneof(fc.ipV4(), fc.ipV6()),
  port: fc.nat(65535),
  state: fc.integer({ min: 1, max: 12 }),
  uid: fc.nat(0xffff_ffff),
  inode: fc.nat(),
});

Deno.test("parseSocketTable() gives what was written, and of one port exactly that port's", () => {
  fc.assert(fc.property(fc.array(socket, { maxLength: 20 }), fc.nat(65535), (drawn, somePort) => {
    const sockets = drawn.map((one): FakeSocket => ({
      ...one,
      address: canonicalAddress(one.address) ?? "::",
      table: "udp6",
    }));
    const expected = sockets.map(({ address, port, state, uid, inode }) => (
      { protocol: "udp", family: 6, local: { address, port }, state, uid, inode }
    ));
    const text = tableOf(sockets);
    assert.deepEqual(parseSocketTable(text, { protocol: "udp", family: 6 }), expected);
    const port = sockets[0]?.port ?? somePort;
    assert.deepEqual(
      parseSocketTable(text, { protocol: "udp", family: 6, port }),
      expected.filter(({ local }) => local.port === port),
    );
  }));
});

Deno.test("parseSocketTable() takes any text, and what it gives is in range", () => {
  const broken = fc.tuple(fc.constant(TCP6), fc.nat(TCP6.length), fc.nat(20), fc.string()).map(
    ([text, at, length, other]) => text.slice(0, at) + other + text.slice(at + length),
  );
  fc.assert(fc.property(fc.oneof(fc.string(), broken), fc.constantFrom(4, 6), (text, family) => {
    for (const row of parseSocketTable(text, { protocol: "tcp", family })) {
      assert.equal(canonicalAddress(row.local.address), row.local.address);
      assert.ok(row.local.port <= 65535 && row.inode >= 0 && row.uid >= 0 && Number.isSafeInteger(row.state));
    }
  }));
});
