import assert from "node:assert/strict";
import { openAliesa } from "../../../../src/publish/aliyun/aliesa.ts";
import type { OriginOptions } from "../../../../src/publish/options.ts";
import { CALM } from "../../../contract/record_store_rig.ts";
import { openApiServer } from "../../../fakes/api_server.ts";
import { openFakeWorld } from "../../../fakes/fake_world.ts";
import { refusalFrom } from "../refusal_from.ts";
import { mapped } from "../webhook_rig.ts";
import { ALIYUN_KEY } from "./fake_aliyun.ts";
import { type EsaRecord, type EsaRule, FakeEsa } from "./fake_esa.ts";

const { clock, platform } = openFakeWorld();

async function publish(fake: FakeEsa, changes: Partial<OriginOptions> = {}, news = mapped()): Promise<void> {
  await using server = openApiServer(fake.handle);
  const options: OriginOptions = {
    ...{ provider: "aliesa", ...ALIYUN_KEY, zone: "example.com", host: "www.example.com", rule: "www" },
    ...{ api: server.url, ...changes },
  };
  await openAliesa(options, { ...platform, fetch }).publish(news, CALM);
}

function recordOf(RecordId: number, RecordName: string, changes: Partial<EsaRecord> = {}): EsaRecord {
  return { RecordId, RecordName, RecordType: "A/AAAA", Data: { Value: "203.0.113.99" }, ...changes };
}

function openFake(changes: Partial<Pick<FakeEsa, "records" | "rules">> = {}): FakeEsa {
  const fake = new FakeEsa(() => clock.date());
  fake.sites = [{ SiteId: 216558609793952, SiteName: "example.com" }];
  fake.records = [recordOf(1234567890123, "www.example.com")];
  fake.rules = [{ ConfigId: 395386449776640, RuleName: "www", OriginHttpPort: "80", OriginHttpsPort: "443" }];
  return Object.assign(fake, changes);
}

Deno.test("openAliesa() sends the parameters of compat.md 5.4, and nothing when it is the same", async () => {
  const fake = openFake();
  await publish(fake);
  const written = fake.writes.map(({ method, action, parameters }) => [method, action, parameters]);
  assert.deepEqual(written, [
    ["POST", "UpdateRecord", { RecordId: "1234567890123", Data: '{"Value":"203.0.113.10"}' }],
    ["POST", "UpdateOriginRule", {
      ...{ SiteId: "216558609793952", ConfigId: "395386449776640" },
      ...{ OriginHttpPort: "14500", OriginHttpsPort: "14500" },
    }],
  ]);
  await publish(fake);
  assert.equal(fake.writes.length, 2);
  await publish(fake, {}, mapped(14_501));
  await publish(fake, {}, mapped(14_501, "203.0.113.11"));
  assert.deepEqual(fake.writes.slice(2).map(({ action }) => action), ["UpdateOriginRule", "UpdateRecord"]);
});

Deno.test("openAliesa() finds all it needs on later pages, and touches nothing else", async () => {
  const others = Array.from({ length: 25 }, (_, i) => i);
  const rules: readonly EsaRule[] = [
    { ConfigId: 1 },
    ...others.map((i) => ({ ConfigId: 100 + i, RuleName: `r${i}` })),
  ];
  const records = [
    ...others.map((i) => recordOf(200 + i, `r${i}.example.com`)),
    recordOf(300, "www.example.com", { RecordType: "TXT" }),
  ];
  const right = openFake();
  const fake = openFake({ rules: [...rules, ...right.rules], records: [...records, ...right.records] });
  fake.sites = [...others.map((i) => ({ SiteId: i, SiteName: `o${i}.test` })), ...right.sites];
  fake.filters = false;
  fake.mostOnPage = 10;
  await publish(fake);
  await publish(right);
  assert.deepEqual(fake.rules, [...rules, ...right.rules]);
  assert.deepEqual(fake.records, [...records, ...right.records]);
});

Deno.test("openAliesa() refuses for good, and writes nothing, when something does not exist there", async () => {
  const www = recordOf(1, "www.example.com");
  const rows = [
    [openFake(), { zone: "example.net" }, "there is no site example.net in this account"],
    [
      openFake({ records: [] }),
      {},
      "there is no A/AAAA record www.example.com in the site example.com: it has to be added there first",
    ],
    [
      openFake({ records: [www, { ...www, RecordId: 2 }] }),
      {},
      "there are 2 A/AAAA records www.example.com in the site example.com: it has to be one",
    ],
    [
      openFake({ rules: [] }),
      {},
      'there is no origin rule "www" in the site example.com: it has to be added there first',
    ],
  ] as const;
  for (const [fake, changes, reason] of rows) {
    const error = await refusalFrom(publish(fake, changes));
    assert.deepEqual([error.isPermanent, error.reason, fake.writes], [true, reason, []]);
  }
});

Deno.test("openAliesa() may be tried again when an id is too large to be exact", async () => {
  const fake = openFake({ records: [recordOf(2 ** 60, "www.example.com")] });
  const error = await refusalFrom(publish(fake));
  assert.deepEqual([error.isPermanent, error.reason], [
    false,
    "the answer to ListRecords cannot be understood",
  ]);
});

Deno.test("openAliesa() writes the rule when either of its ports is another", async () => {
  for (const [OriginHttpPort, OriginHttpsPort] of [["14500", "443"], ["80", "14500"]] as const) {
    const fake = openFake({ rules: [{ ConfigId: 1, RuleName: "www", OriginHttpPort, OriginHttpsPort }] });
    await publish(fake);
    assert.deepEqual(fake.rules, [
      { ConfigId: 1, RuleName: "www", OriginHttpPort: "14500", OriginHttpsPort: "14500" },
    ]);
  }
});
