import assert from "node:assert/strict";
import fc from "fast-check";
import { holdLibc, openRouteSocket, parseRouteMessages, receiveBytes } from "../../../ffi/mod.ts";
import { withFdCheck } from "../../leak.ts";

/** nlmsghdr and body, as rtnetlink sends them. */
function message(type: number, body: string): Uint8Array {
  const bytes = Uint8Array.fromHex(body);
  const out = new Uint8Array((16 + bytes.length + 3) & ~3);
  const view = new DataView(out.buffer);
  const isLittleEndian = true;
  view.setUint32(0, 16 + bytes.length, isLittleEndian);
  view.setUint16(4, type, isLittleEndian);
  out.set(bytes, 16);
  return out;
}

const NEWLINK = message(16, "00000100" + "03000000" + "43100100" + "01000000");
const NEWADDR = message(
  20,
  "02188000" + "03000000" +
    "0800" + "0100" + "c0000221" + // IFA_ADDRESS 192.0.2.33
    "0800" + "0200" + "c0000221" + // IFA_LOCAL
    "1400" + "0600" + "ffffffff".repeat(4), // IFA_CACHEINFO, which every renewal changes
);
const NEWROUTE = message(24, "02000000" + "fe030001" + "00000000");
const CLONED = message(24, "0a800000" + "fe030001" + "00020000");
const LOCAL_ROUTE = message(24, "02200000" + "ff02fe02" + "00000000");

Deno.test("parseRouteMessages() reads links, addresses and routes", () => {
  assert.deepEqual(parseRouteMessages(new Uint8Array([...NEWLINK, ...NEWADDR, ...NEWROUTE])), [
    { kind: "link", isGone: false, index: 3, flags: 0x11043 },
    { kind: "address", isGone: false, index: 3, address: "/24 c0000221 c0000221", flags: 0x80 },
    { kind: "route", isGone: false },
  ]);
});

Deno.test("parseRouteMessages() leaves out cached and local routes, and what it does not know", () => {
  const unknown = message(68, "00".repeat(20));
  assert.deepEqual(parseRouteMessages(new Uint8Array([...CLONED, ...LOCAL_ROUTE, ...unknown])), []);
});

Deno.test("parseRouteMessages() tells what is gone", () => {
  const gone = [17, 21, 25].map((type, i) => {
    const bytes = [NEWLINK, NEWADDR, NEWROUTE][i]?.slice() ?? new Uint8Array();
    bytes[4] = type;
    return parseRouteMessages(bytes);
  });
  assert.deepEqual(gone.map((messages) => messages.map((it) => [it.kind, it.isGone])), [
    [["link", true]],
    [["address", true]],
    [["route", true]],
  ]);
});

Deno.test("parseRouteMessages() stops at a message that is cut", () => {
  const cut = new Uint8Array([...NEWROUTE, ...NEWADDR]).subarray(0, NEWROUTE.length + 20);
  assert.deepEqual(parseRouteMessages(cut), [{ kind: "route", isGone: false }]);
});

Deno.test("parseRouteMessages() is total", () => {
  const mutated = fc.tuple(fc.nat(NEWADDR.length - 1), fc.nat(255)).map(([at, value]) =>
    NEWADDR.with(at, value)
  );
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
    assert.ok(Array.isArray(parseRouteMessages(bytes)));
  }));
});

Deno.test("openRouteSocket() opens without privileges and never waits", () =>
  withFdCheck(() => {
    using _libc = holdLibc();
    using socket = openRouteSocket();
    const count = receiveBytes(socket);
    assert.ok(count === -11 || count > 0, `${count}`); // EAGAIN, unless this host's network changed just now
  }));
