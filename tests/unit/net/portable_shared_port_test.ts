import assert from "node:assert/strict";
import { systemClock } from "../../../src/core/clock.ts";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import type { DatagramSocket } from "../../../src/core/net.ts";
import { PortableNet } from "../../../src/net/portable_net.ts";

const ANY: Endpoint = { address: "127.0.0.1", port: 0 };

/** A socket that tells what arrives as `NAME: BYTE`. */
async function open(
  net: PortableNet,
  how: { name: string; local?: Endpoint; remote?: Endpoint; told: (text: string) => void },
): Promise<DatagramSocket> {
  const { name, local = ANY, remote, told } = how;
  return await net.openDatagram({
    local,
    remote,
    reusePort: true,
    onDatagram: (data) => told(`${name}: ${data[0]}`),
  });
}

/** Hands out what is told, one by one. */
function openQueue(): { readonly told: (text: string) => void; readonly next: () => Promise<string> } {
  const texts: string[] = [];
  let wake = (): void => {};
  return {
    told: (text) => {
      texts.push(text);
      wake();
    },
    next: async () => {
      while (texts.length === 0) await new Promise<void>((resolve) => wake = resolve);
      return texts.shift() ?? "";
    },
  };
}

Deno.test("PortableNet.openDatagram() gives a shared port's datagrams to the last unconnected one when there are two", async () => {
  await using net = new PortableNet({ clock: systemClock });
  const { told, next } = openQueue();
  using visitor = await open(net, { name: "visitor", told });
  using first = await open(net, { name: "first", told });
  const { local } = first;
  const second = await open(net, { name: "second", local, told });
  visitor.send(new Uint8Array([1]), local);
  assert.equal(await next(), "second: 1");
  second[Symbol.dispose]();
  assert.throws(() => second.send(new Uint8Array([9]), visitor.local), TypeError);
  visitor.send(new Uint8Array([2]), local);
  assert.equal(await next(), "first: 2");
});

Deno.test("PortableNet.openDatagram() keeps a shared port's visitors from one that is connected elsewhere", async () => {
  await using net = new PortableNet({ clock: systemClock });
  const { told, next } = openQueue();
  using stranger = await open(net, { name: "stranger", told });
  using visitor = await open(net, { name: "visitor", told });
  using holder = await open(net, { name: "holder", remote: { address: "127.0.0.1", port: 9 }, told });
  const { local } = holder;
  using friend = await open(net, { name: "friend", local, remote: visitor.local, told });
  stranger.send(new Uint8Array([1]), local); // for nobody
  friend.send(new Uint8Array([2]));
  assert.equal(await next(), "visitor: 2");
  visitor.send(new Uint8Array([3]), local);
  assert.equal(await next(), "friend: 3");
});

Deno.test("PortableNet.openDatagram() lets a shared port go with the last who has it", async () => {
  await using net = new PortableNet({ clock: systemClock });
  const told = (): void => {};
  const first = await open(net, { name: "first", told });
  const { local } = first;
  const second = await open(net, { name: "second", local, told });
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await assert.rejects(net.openDatagram({ local, onDatagram: told }), { code: "EADDRINUSE" });
  second[Symbol.dispose]();
  using again = await open(net, { name: "again", local, told });
  assert.deepEqual(again.local, local);
});
