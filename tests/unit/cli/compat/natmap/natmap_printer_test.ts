import assert from "node:assert/strict";
import { NatmapPrinter } from "../../../../../src/cli/compat/natmap/natmap_printer.ts";
import { Output } from "../../../../../src/cli/output.ts";
import type { MappingEvent } from "../../../../../src/core/mapping.ts";

const base = { name: "natmap", protocol: "tcp", at: new Date(0) } as const;
const internal = { address: "192.168.1.2", port: 3456 };
const external = { address: "203.0.113.10", port: 14500 };
const elsewhere = { address: "203.0.113.10", port: 14501 };

async function printed(
  format: "line" | "json" | "none",
  events: readonly MappingEvent[],
): Promise<readonly string[]> {
  const chunks: Uint8Array[] = [];
  const output = new Output({
    sink: {
      write(bytes): Promise<number> {
        chunks.push(bytes.slice());
        return Promise.resolve(bytes.length);
      },
    },
  });
  const printer = new NatmapPrinter({ output, format });
  for (const event of events) printer.print(event);
  await output.flush();
  const text = chunks.map((bytes) => new TextDecoder().decode(bytes)).join("");
  return text.split(/(?<=\n)/).filter((line) => line !== "");
}

Deno.test("NatmapPrinter prints natmap's six values once for each change", async () => {
  assert.deepEqual(
    await printed("line", [
      { ...base, event: "mapped", internal, external },
      { ...base, event: "checked", external, reachability: { state: "reachable", evidence: "x" } },
      { ...base, event: "lost", internal, external, reason: "x" },
      { ...base, event: "restored", internal, external },
      { ...base, event: "changed", internal, external: elsewhere, previous: external },
      { ...base, event: "restored", internal: { ...internal, port: 3457 }, external: elsewhere },
      { ...base, event: "stopped" },
    ]),
    [
      "203.0.113.10 14500 2001::38a4:cb00:710a 3456 tcp 192.168.1.2\n",
      "203.0.113.10 14501 2001::38a5:cb00:710a 3456 tcp 192.168.1.2\n",
      "203.0.113.10 14501 2001::38a5:cb00:710a 3457 tcp 192.168.1.2\n",
    ],
  );
});

Deno.test("NatmapPrinter leaves IP4P empty for IPv6", async () => {
  const v6 = { address: "2001:db8::1", port: 14500 };
  assert.deepEqual(
    await printed("line", [
      { ...base, protocol: "udp", event: "mapped", internal: { ...v6, port: 3456 }, external: v6 },
    ]),
    ["2001:db8::1 14500  3456 udp 2001:db8::1\n"],
  );
});

Deno.test("NatmapPrinter prints every event as JSON, or nothing, when asked to", async () => {
  const events: readonly MappingEvent[] = [
    { ...base, event: "mapped", internal, external },
    { ...base, event: "stopped" },
  ];
  assert.deepEqual((await printed("json", events)).map((line) => JSON.parse(line).event), [
    "mapped",
    "stopped",
  ]);
  assert.deepEqual(await printed("none", events), []);
});
