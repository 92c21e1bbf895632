import assert from "node:assert/strict";
import fc from "fast-check";
import { parseService, srvOwners, svcbOwner } from "../../../src/find/service.ts";

Deno.test("parseService() reads keys, names, prefixes and presets", () => {
  const rows: readonly (readonly [string, string, string | undefined, string, number | undefined])[] = [
    ["ssh_tcp", "tcp", "ssh_tcp", "_ssh._tcp.", 22],
    ["ssh", "tcp", "ssh_tcp", "_ssh._tcp.", 22],
    ["_ssh._tcp", "tcp", "ssh_tcp", "_ssh._tcp.", 22],
    ["SSH_TCP", "tcp", "ssh_tcp", "_ssh._tcp.", 22],
    ["rdp", "tcp", "rdp_tcp", "_rdp._tcp.", 3389],
    ["ftp_tcp", "tcp", "ftp_tcp", "_ftp._tcp.", 21],
    ["wg_udp", "udp", "wg_udp", "_wg._udp.", undefined],
    ["https", "tcp", "https_tcp", "_web._tcp. _https._tcp.", 443],
    ["web", "tcp", "web_tcp", "_web._tcp.", 80],
    ["mcje", "tcp", "mcje_tcp", "_minecraft._tcp.", 25_565],
    ["mcbe", "udp", "mcbe_udp", "_minecraft._udp.", 19_132],
    ["_minecraft._tcp", "tcp", "minecraft_tcp", "_minecraft._tcp.", 25_565],
    ["tcp", "tcp", undefined, "_tcp.", undefined],
    ["udp", "udp", undefined, "_udp.", undefined],
  ];
  for (const [text, protocol, potKey, prefixes, port] of rows) {
    const service = parseService(text);
    assert.deepEqual(
      [service.protocol, service.potKey, service.srvPrefixes.join(" "), service.defaultPort],
      [protocol, potKey, prefixes, port],
      text,
    );
  }
});

Deno.test("parseService() takes the protocol from elsewhere unless the text says another one", () => {
  assert.equal(parseService("wg", "udp").potKey, "wg_udp");
  assert.equal(parseService("wg_udp", "udp").protocol, "udp");
  for (const [text, protocol] of [["ssh_tcp", "udp"], ["mcje", "udp"], ["udp", "tcp"]] as const) {
    assert.throws(() => parseService(text, protocol), SyntaxError, text);
  }
});

Deno.test("parseService() refuses what no record can name", () => {
  for (
    const text of ["", "_", "a b", "ssh:22", "-x", "x-_tcp", "ssh_", "_ssh._sctp", "x".repeat(64), "ä", "a.b"]
  ) {
    assert.throws(() => parseService(text), SyntaxError, text);
  }
});

Deno.test("parseService() is total", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    try {
      assert.ok(parseService(text).srvPrefixes.length > 0);
    } catch (error) {
      assert.ok(error instanceof SyntaxError);
    }
  }));
});

Deno.test("srvOwners() puts prefixes before a name, and takes one that is an owner already as it is", () => {
  assert.deepEqual(srvOwners("x.test", parseService("ssh")), ["_ssh._tcp.x.test"]);
  assert.deepEqual(srvOwners("_ssh._tcp.x.test", undefined), ["_ssh._tcp.x.test"]);
  assert.deepEqual(srvOwners("x.test", undefined), []);
  assert.deepEqual(srvOwners(`${"x.".repeat(125)}te`, parseService("ssh")), [], "too long together");
});

Deno.test("svcbOwner() is the name for the web, and has the scheme before it for others", () => {
  assert.deepEqual(svcbOwner("x.test", parseService("https")), { type: "HTTPS", owner: "x.test" });
  assert.deepEqual(svcbOwner("x.test", undefined), { type: "HTTPS", owner: "x.test" });
  assert.deepEqual(svcbOwner("x.test", parseService("ssh")), { type: "SVCB", owner: "_ssh.x.test" });
  assert.equal(svcbOwner("x.test", parseService("mcje")), undefined);
});
