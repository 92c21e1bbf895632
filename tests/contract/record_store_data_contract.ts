import assert from "node:assert/strict";
import type { RecordData } from "../../src/dns/record_data.ts";
import type { StoreCapabilities, StoreHarness, StoreTest } from "./record_store_contract.ts";
import { assertData, assertStored, CALM, data, recordsOf, setOf, text, ttlsOf } from "./record_store_rig.ts";

/** Every type of record arrives as it was meant, and is known again. */
export function recordDataContract(test: StoreTest, capabilities: StoreCapabilities): void {
  const [ttlSeconds] = ttlsOf(capabilities);

  /** Written, there, read, not written again, replaced by `other`, and back. */
  async function roundTrip(
    harness: StoreHarness,
    name: string,
    [first, other]: readonly [RecordData, RecordData],
  ): Promise<void> {
    const { store } = harness;
    for (const each of [first, other, first]) {
      const set = setOf(name, [each], capabilities);
      await store.replace(set, { signal: CALM });
      await assertStored(harness, recordsOf(set), capabilities);
      assertData(await store.read(name, each.type, CALM), [each]);
      const written = harness.writes().length;
      await store.replace(set, { signal: CALM });
      assert.deepEqual(harness.writes().slice(written), []);
    }
  }

  test("an AAAA record keeps IP4P and addresses", async (harness) => {
    const pair = [data("AAAA", "2001::355:101:101"), data("AAAA", "2001:db8::1")] as const;
    await roundTrip(harness, `wg.${harness.zone}`, pair);
  }, { types: ["AAAA"] });

  test("an SRV record keeps its four fields", async (harness) => {
    const { zone } = harness;
    const pair = [data("SRV", `10 0 14500 mc.${zone}.`), data("SRV", `1 10 14501 other.${zone}.`)] as const;
    await roundTrip(harness, `_minecraft._tcp.mc.${zone}`, pair);
    await harness.store.replace(
      { name: `_minecraft._tcp.mc.${zone}`, type: "SRV", ttlSeconds, data: [] },
      { signal: CALM },
    );
    await roundTrip(harness, `_web._tcp.${zone}`, [
      data("SRV", `0 65535 1 ${zone}.`),
      data("SRV", "0 0 65535 elsewhere.test."),
    ]);
  }, { types: ["SRV"] });

  test('an SRV record may say "no such service" (target ".")', async (harness) => {
    const { zone } = harness;
    const pair = [data("SRV", "0 0 0 ."), data("SRV", `10 0 14500 mc.${zone}.`)] as const;
    await roundTrip(harness, `_minecraft._tcp.mc.${zone}`, pair);
  }, { types: ["SRV"] });

  test("a TXT record keeps POT, words and an empty text", async (harness) => {
    const name = `pot.${harness.zone}`;
    await roundTrip(harness, name, [text("c3NoX3RjcDoxMjM0NQ=="), text("two words,  two blanks")]);
    await harness.store.replace({ name, type: "TXT", ttlSeconds, data: [] }, { signal: CALM });
    await roundTrip(harness, `a.${name}`, [text("v=spf1 -all"), text("x")]);
  }, { types: ["TXT"] });

  test("a TXT record keeps quotes, backslashes and semicolons", async (harness) => {
    const pair = [text('say "hi"; \\ done'), text('a\\"b;c$d @e (f) \\045')] as const;
    await roundTrip(harness, `pot.${harness.zone}`, pair);
  }, { types: ["TXT"] });

  test("a TXT record keeps more than ASCII", async (harness) => {
    await roundTrip(harness, `pot.${harness.zone}`, [text("端口 14500 é"), text("端口 14501")]);
  }, { types: ["TXT"], lacks: capabilities.takesUnicode === false && "ASCII only" });

  test("a TXT record keeps a text of many strings", async (harness) => {
    const { mostTextBytes = 600 } = capabilities;
    const long = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN".repeat(12).slice(0, mostTextBytes);
    const cut = (whole: string): RecordData =>
      text(
        ...Array.from(
          { length: Math.ceil(whole.length / 255) },
          (_, i) => whole.slice(i * 255, i * 255 + 255),
        ),
      );
    await roundTrip(harness, `pot.${harness.zone}`, [cut(long), cut(`${long.slice(0, -1)}!`)]);
  }, { types: ["TXT"] });

  test("several TXT records live at one name", async (harness) => {
    const { store, zone } = harness;
    const set = setOf(`pot.${zone}`, [text("one"), text("two"), text("three")], capabilities);
    await store.replace(set, { signal: CALM });
    await assertStored(harness, recordsOf(set), capabilities);
    assertData(await store.read(set.name, "TXT", CALM), set.data);
  }, { types: ["TXT"] });

  for (const type of ["HTTPS", "SVCB"] as const) {
    test(`an ${type} record keeps port, hints and protocols`, async (harness) => {
      const { zone } = harness;
      await roundTrip(harness, `${type === "SVCB" ? "_foo." : ""}www.${zone}`, [
        data(type, "1 . alpn=h2,http/1.1 port=14500 ipv4hint=203.0.113.10"),
        data(type, `2 direct.${zone}. port=14501 ipv6hint=2001:db8::1`),
      ]);
    }, { types: [type] });
  }

  test("a wildcard owns records, and no other name's", async (harness) => {
    const { zone } = harness;
    const there = { name: `x.w.${zone}`, ttlSeconds, data: data("A", "203.0.113.99") };
    await harness.seed([there]);
    const set = setOf(`*.w.${zone}`, [data("A", "203.0.113.10")], capabilities);
    await harness.store.replace(set, { signal: CALM });
    await assertStored(harness, [there, ...recordsOf(set)], capabilities);
    assertData(await harness.store.read(set.name, "A", CALM), set.data);
  }, { lacks: capabilities.hasWildcards === false && "no wildcards" });

  test("the zone itself owns records", async (harness) => {
    await roundTrip(harness, harness.zone, [data("A", "203.0.113.10"), data("A", "203.0.113.11")]);
  });
}
