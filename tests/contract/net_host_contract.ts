import assert from "node:assert/strict";
import { ResolveError } from "../../src/core/net.ts";
import type { NetTest } from "./net_contract.ts";

/** What a `Net` guarantees about names and addresses of this host. */
export function hostContract(test: NetTest): void {
  test("localAddressTowards() names the loopback address when the remote is on loopback", async (net) => {
    assert.equal(await net.localAddressTowards({ address: "127.0.0.1", port: 80 }), "127.0.0.1");
    assert.equal(await net.localAddressTowards({ address: "::1", port: 0 }), "::1");
  });

  test("resolve() gives a literal back and refuses the other family's", async (net) => {
    assert.deepEqual(await net.resolve("192.0.2.1", 4), ["192.0.2.1"]);
    assert.deepEqual(await net.resolve("2001:DB8:0::1", 6), ["2001:db8::1"]);
    await assert.rejects(net.resolve("192.0.2.1", 6), ResolveError);
  });

  test("resolve() knows localhost", async (net) => {
    assert.deepEqual(await net.resolve("localhost", 4), ["127.0.0.1"]);
  });

  test("resolve() rejects with ResolveError when the name is none", async (net) => {
    await assert.rejects(net.resolve("..", 4), (error: Error) => {
      assert.ok(error instanceof ResolveError);
      assert.equal(error.host, "..");
      return true;
    });
  });

  test("resolve() rejects with the reason when aborted", async (net) => {
    const reason = new Error("enough");
    await assert.rejects(net.resolve("localhost", 4, AbortSignal.abort(reason)), (error) => error === reason);
  });

  test("watchAddresses() opens and closes", async (net) => {
    let count = 0;
    const watch = net.watchAddresses(() => count++);
    const second = net.watchAddresses(() => count++);
    await net.localAddressTowards({ address: "127.0.0.1", port: 80 });
    watch[Symbol.dispose]();
    watch[Symbol.dispose]();
    second[Symbol.dispose]();
    net.watchAddresses(() => count++); // closed with the net
    assert.equal(count, 0);
  });
}
