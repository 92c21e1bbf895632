import assert from "node:assert/strict";
import * as fc from "fast-check";
import { readRoutes4, readRoutes6 } from "../../../src/gateway/default_route.ts";
import { readSurroundings } from "../../../src/gateway/surroundings.ts";

const HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
const ROUTE4 = [
  HEAD,
  "wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0",
  "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0",
  "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0",
  "tun0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0",
  "vpn0\t00000000\t01010A0A\t0003\t0\t0\t0\t00000080\t0\t0\t0",
  "bad0\t00000000\t0101A8C0\t0203\t0\t0\t1\t00000000\t0\t0\t0",
].join("\n");
const ROUTE6 = [
  "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0",
  "00000000000000000000000000000000 00 00000000000000000000000000000000 00 20010db8000000000000000000000001 00000064 00000001 00000000 00000003    wlan0",
  "20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0",
  "00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo",
].join("\n");

Deno.test("readRoutes4() finds default routes by a gateway, the best one first", () => {
  assert.deepEqual(readRoutes4(ROUTE4), [
    { device: "eth0", gateway: "192.168.1.1", metric: 100 },
    { device: "wlan0", gateway: "192.168.2.1", metric: 600 },
  ]);
});

Deno.test("readRoutes6() finds default routes, link-local gateways with their zone", () => {
  assert.deepEqual(readRoutes6(ROUTE6), [
    { device: "wlan0", gateway: "2001:db8::1", metric: 100 },
    { device: "eth0", gateway: "fe80::1%eth0", metric: 1024 },
  ]);
});

Deno.test("readRoutes4() and readRoutes6() take any text", () => {
  const word = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom("00000000", "0".repeat(32), "00", "0003", "eth0", "ff"),
  );
  fc.assert(fc.property(fc.array(word, { maxLength: 30 }), (words) => {
    for (const text of [words.join("\t"), words.join("\n"), words.join(" ")]) {
      readRoutes4(text);
      readRoutes6(text);
    }
  }));
});

const INTERFACES = [
  { name: "lo", address: "127.0.0.1", netmask: "255.0.0.0" },
  { name: "eth0", address: "192.168.1.2", netmask: "255.255.255.0" },
  { name: "wlan0", address: "192.168.2.2", netmask: "255.255.255.0" },
  { name: "tun0", address: "10.8.0.2", netmask: "255.255.255.0" },
  { name: "eth0", address: "2001:db8:1::2", netmask: "ffff:ffff:ffff:ffff::" },
];
const around = readSurroundings({
  readFile: (path) => Promise.resolve({ "/proc/net/route": ROUTE4, "/proc/net/ipv6_route": ROUTE6 }[path]),
  interfaces: () => INTERFACES,
});

Deno.test("GatewaySurroundings.defaultGateway() goes by the interface of the local address", async () => {
  assert.equal(await around.defaultGateway("192.168.1.2"), "192.168.1.1");
  assert.equal(await around.defaultGateway("192.168.2.2"), "192.168.2.1");
  assert.equal(await around.defaultGateway("10.0.0.9"), "192.168.1.1", "else the best route");
  assert.equal(
    await around.defaultGateway("10.8.0.2"),
    undefined,
    "a tunnel's address is no router's business",
  );
  assert.equal(await around.defaultGateway("2001:db8:1::2"), "fe80::1%eth0");
});

Deno.test("GatewaySurroundings.defaultGateway() knows nothing where the system does not tell", async () => {
  const none = readSurroundings({ readFile: () => Promise.resolve(undefined), interfaces: () => INTERFACES });
  assert.equal(await none.defaultGateway("192.168.1.2"), undefined);
});

Deno.test("GatewaySurroundings.isNear() goes by the networks of the interfaces", () => {
  assert.ok(around.isNear("192.168.1.254"));
  assert.ok(around.isNear("2001:db8:1::1"));
  assert.ok(!around.isNear("192.168.3.1"));
  assert.ok(!around.isNear("2001:db8:2::1"));
  assert.ok(!around.isNear("no address"));
});
