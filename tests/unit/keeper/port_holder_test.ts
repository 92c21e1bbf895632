import assert from "node:assert/strict";
import { PortHolder } from "../../../src/keeper/port_holder.ts";
import { parsePortSpec } from "../../../src/keeper/port_spec.ts";
import { kernelError } from "../../fakes/fake_net.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";

/** Ports that were tried, in order; `taken` ones are refused. */
function holderOf(spec: string, more: { readonly rememberedPort?: number; readonly taken?: number[] } = {}): {
  readonly tried: number[];
  readonly hold: () => Promise<number>;
} {
  const tried: number[] = [];
  const { rememberedPort, taken = [] } = more;
  const holder = new PortHolder({
    spec: parsePortSpec(spec),
    random: fakeRandom(),
    rememberedPort,
    transport: {
      hold: ({ address, port }) => {
        tried.push(port);
        if (taken.includes(port)) return Promise.reject(kernelError("EADDRINUSE", "bind"));
        return Promise.resolve({ local: { address, port: port || 41_000 }, [Symbol.dispose]: () => {} });
      },
      openAnchor: () => {
        throw new Error("not asked for here");
      },
    },
  });
  return { tried, hold: async () => (await holder.hold("192.0.2.2")).local.port };
}

Deno.test("PortHolder.hold() keeps the port it had", async () => {
  const it = holderOf("0");
  assert.equal(await it.hold(), 41_000);
  assert.equal(await it.hold(), 41_000);
  assert.deepEqual(it.tried, [0, 41_000]);
});

Deno.test("PortHolder.hold() takes the next port of a range where one is taken, round to the first", async () => {
  const it = holderOf("20-22", { taken: [20, 21] });
  assert.equal(await it.hold(), 22);
  assert.deepEqual(it.tried, [20, 21, 22]);
  await assert.rejects(holderOf("20-21", { taken: [20, 21] }).hold(), { code: "EADDRINUSE" });
});

Deno.test("PortHolder.hold() tries the remembered port first where any port will do, and only there", async () => {
  assert.equal(await holderOf("0", { rememberedPort: 40_123 }).hold(), 40_123);
  assert.equal(await holderOf("0", { rememberedPort: 40_123, taken: [40_123] }).hold(), 41_000);
  assert.equal(await holderOf("3456", { rememberedPort: 40_123 }).hold(), 3456);
});
