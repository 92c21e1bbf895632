import assert from "node:assert/strict";
import { type AddressScope, scopeOf } from "../../../src/core/address_scope.ts";

Deno.test("scopeOf() knows first and last address of each block, and their neighbours", () => {
  const rows: readonly (readonly [string, AddressScope])[] = [
    ["0.0.0.0", "unspecified"],
    ["0.255.255.255", "unspecified"],
    ["1.0.0.0", "global"],
    ["9.255.255.255", "global"],
    ["10.0.0.0", "private"],
    ["10.255.255.255", "private"],
    ["11.0.0.0", "global"],
    ["100.63.255.255", "global"],
    ["100.64.0.0", "cgn"],
    ["100.127.255.255", "cgn"],
    ["100.128.0.0", "global"],
    ["126.255.255.255", "global"],
    ["127.0.0.1", "loopback"],
    ["127.255.255.255", "loopback"],
    ["128.0.0.0", "global"],
    ["169.253.255.255", "global"],
    ["169.254.0.0", "link-local"],
    ["169.254.255.255", "link-local"],
    ["172.15.255.255", "global"],
    ["172.16.0.0", "private"],
    ["172.31.255.255", "private"],
    ["172.32.0.0", "global"],
    ["192.0.2.255", "documentation"],
    ["192.167.255.255", "global"],
    ["192.168.0.0", "private"],
    ["192.168.255.255", "private"],
    ["192.169.0.0", "global"],
    ["198.17.255.255", "global"],
    ["198.18.0.0", "fake-ip"],
    ["198.19.255.255", "fake-ip"],
    ["198.20.0.0", "global"],
    ["198.51.100.7", "documentation"],
    ["203.0.113.10", "documentation"],
    ["203.0.114.0", "global"],
    ["223.255.255.255", "global"],
    ["224.0.0.0", "multicast"],
    ["255.255.255.255", "multicast"],
    ["::", "unspecified"],
    ["::1", "loopback"],
    ["::2", "global"],
    ["2606:4700:4700::1111", "global"],
    ["fbff:ffff::", "global"],
    ["fc00::", "private"],
    ["fdff:ffff::1", "private"],
    ["fe80::1", "link-local"],
    ["fe80::1%eth0", "link-local"],
    ["febf::1", "link-local"],
    ["2001:db8::1", "documentation"],
    ["2001:db9::1", "global"],
    ["ff02::1", "multicast"],
  ];
  for (const [address, scope] of rows) assert.equal(scopeOf(address), scope, address);
});

Deno.test("scopeOf() throws TypeError for what is no address", () => {
  for (const text of ["", "localhost", "1.2.3", "::g"]) {
    assert.throws(() => scopeOf(text), { name: "TypeError", message: /not an IP address$/ });
  }
});
