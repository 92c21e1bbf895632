import assert from "node:assert/strict";
import { type Endpoint, parseEndpoint } from "../../../src/core/endpoint.ts";
import { ForwardLoopError, ownEndpointOf } from "../../../src/forward/forward_loop.ts";

function own(target: string, internal: string, external?: string): Endpoint | undefined {
  return ownEndpointOf(parseEndpoint(target), {
    internal: parseEndpoint(internal),
    external: external === undefined ? undefined : parseEndpoint(external),
  });
}

Deno.test("ownEndpointOf() finds targets that lead back to the tunnel", () => {
  const loops: readonly (readonly [string, string, string?])[] = [
    ["192.168.1.2:3456", "192.168.1.2:3456"],
    ["127.0.0.1:3456", "0.0.0.0:3456"],
    ["127.9.9.9:3456", "0.0.0.0:3456"],
    ["0.0.0.0:3456", "127.0.0.1:3456"],
    ["[::1]:3456", "[::]:3456"],
    ["203.0.113.10:14500", "192.168.1.2:3456", "203.0.113.10:14500"],
  ];
  for (const [target, internal, external] of loops) assert.ok(own(target, internal, external), target);
});

Deno.test("ownEndpointOf() lets other ports and other addresses be", () => {
  const fine: readonly (readonly [string, string, string?])[] = [
    ["127.0.0.1:3456", "192.168.1.2:3456"],
    ["192.168.1.2:22", "192.168.1.2:3456"],
    ["192.168.1.3:3456", "192.168.1.2:3456"],
    ["192.168.1.3:3456", "0.0.0.0:3456"],
    ["203.0.113.10:22", "192.168.1.2:3456", "203.0.113.10:14500"],
  ];
  for (const [target, internal, external] of fine) assert.equal(own(target, internal, external), undefined);
});

Deno.test("ForwardLoopError names the target and has a code", () => {
  const error = new ForwardLoopError({ address: "::1", port: 2 }, { address: "::1", port: 2 });
  assert.equal(error.code, "forward_loop");
  assert.match(error.message, /^Cannot forward to \[::1\]:2: it is the tunnel's own endpoint/);
});
