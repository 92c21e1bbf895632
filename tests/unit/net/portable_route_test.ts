import assert from "node:assert/strict";
import { guessLocalAddress, type HostAddress } from "../../../src/net/portable_route.ts";

const HOST: readonly HostAddress[] = [
  { name: "lo", address: "127.0.0.1", netmask: "255.0.0.0" },
  { name: "lo", address: "::1", netmask: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
  { name: "en0", address: "fe80::1", netmask: "ffff:ffff:ffff:ffff::" },
  { name: "en0", address: "192.168.1.5", netmask: "255.255.255.0" },
  { name: "en0", address: "2001:db8::5", netmask: "ffff:ffff:ffff:ffff::" },
  { name: "utun", address: "10.8.0.2", netmask: "255.255.0.0" },
];

Deno.test("guessLocalAddress() takes the address in the remote's network, else the first that leads out", () => {
  const cases = {
    "127.4.5.6": "127.0.0.1",
    "192.168.1.77": "192.168.1.5",
    "10.8.9.9": "10.8.0.2",
    "203.0.113.9": "192.168.1.5",
    "::1": "::1",
    "2001:db8::99": "2001:db8::5",
    "2001:db8:9::1": "2001:db8::5",
  };
  for (const [remote, local] of Object.entries(cases)) {
    assert.equal(guessLocalAddress({ address: remote, port: 80 }, HOST), local);
  }
});

Deno.test("guessLocalAddress() throws ENETUNREACH when only loopback has an address", () => {
  assert.throws(() => guessLocalAddress({ address: "203.0.113.9", port: 80 }, HOST.slice(0, 2)), {
    code: "ENETUNREACH",
  });
});
