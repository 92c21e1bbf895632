import assert from "node:assert/strict";
import { Secret } from "../../../../src/core/secret.ts";
import type { RecordData, RecordType } from "../../../../src/dns/record_data.ts";
import { openCloudflareApi } from "../../../../src/publish/cloudflare/cloudflare_api.ts";
import { openCloudflareStore } from "../../../../src/publish/cloudflare/cloudflare_store.ts";
import { ZoneFinder } from "../../../../src/publish/cloudflare/find_zone.ts";
import type { CloudflareOptions } from "../../../../src/publish/options.ts";
import { data, type StoredRecord } from "../../../contract/record_store_rig.ts";
import { type ApiHandler, type ApiRequest, apiRoutes } from "../../../fakes/api_server.ts";
import { type FakeProvider, ZONE } from "../provider_harness.ts";

/** What every request has to be signed with. */
export const TOKEN = "cf-token-HUNTER2";
export const EMAIL = "me@example.com";
export const KEY = "cf-key-HUNTER2";

/** A record as the API shows it. */
export interface CloudflareFakeRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly proxied: boolean;
  readonly content: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly comment: string | null;
}

/** A rule as the API shows it. */
export type CloudflareFakeRule = Readonly<Record<string, unknown>> & { readonly id: string };

interface Ruleset {
  readonly id: string;
  readonly name: string;
  readonly phase: string;
  readonly kind: string;
  readonly rules: CloudflareFakeRule[];
}

/** Options for {@linkcode FakeCloudflare}. */
export interface FakeCloudflareOptions {
  readonly zones?: readonly { readonly id: string; readonly name: string; readonly status?: string }[];
  /** Lists give everything, whatever is asked for. @default {false} */
  readonly ignoresFilters?: boolean;
}

/**
 * The v4 API as far as it is documented, strict: an unknown path, query or member, or a record that is not spelled as the
 * documentation has it, fails the test.
 */
export class FakeCloudflare {
  readonly writes: string[] = [];
  readonly zones: Required<FakeCloudflareOptions>["zones"];
  readonly rulesets: Ruleset[] = [];
  readonly handle: ApiHandler;
  records: readonly CloudflareFakeRecord[] = [];
  readonly #ignoresFilters: boolean;
  #lastId = 0;

  constructor(options: FakeCloudflareOptions = {}) {
    const { zones = [{ id: "z1", name: ZONE }], ignoresFilters = false } = options;
    this.zones = zones;
    this.#ignoresFilters = ignoresFilters;
    const route = apiRoutes({
      "GET /zones": (request) => this.#listZones(request),
      "GET /zones/:zone/dns_records": (request) => this.#listRecords(request),
      "POST /zones/:zone/dns_records": (request) => this.#createRecord(request),
      "PATCH /zones/:zone/dns_records/:id": (request) => this.#changeRecord(request),
      "DELETE /zones/:zone/dns_records/:id": (request) => this.#removeRecord(request),
      "GET /zones/:zone/rulesets": (request) => this.#listRulesets(request),
      "POST /zones/:zone/rulesets": (request) => this.#createRuleset(request),
      "GET /zones/:zone/rulesets/:id": ({ params }) => done(this.#ruleset(params["id"])),
      "POST /zones/:zone/rulesets/:id/rules": (request) => this.#createRule(request),
      "PATCH /zones/:zone/rulesets/:id/rules/:rule": (request) => this.#changeRule(request),
    });
    this.handle = (request): Response | Promise<Response> => {
      const { headers, method, body } = request;
      const isToken = headers.get("authorization") === `Bearer ${TOKEN}` && !headers.has("x-auth-key");
      const isKey = headers.get("x-auth-email") === EMAIL && headers.get("x-auth-key") === KEY &&
        !headers.has("authorization");
      if (!isToken && !isKey) return refused(403, { code: 9109, message: "Invalid access token" });
      assert.equal(headers.get("content-type"), body === "" ? null : "application/json");
      assert.equal(body === "", method === "GET" || method === "DELETE");
      return route(request);
    };
  }

  newId(): string {
    return `id${++this.#lastId}`;
  }

  /** Puts records there as the dashboard would. */
  seed(records: readonly Partial<CloudflareFakeRecord>[]): void {
    const defaults = { ttl: 1, proxied: false, content: "", comment: null, name: ZONE, type: "A" };
    this.records = [...this.records, ...records.map((one) => ({ ...defaults, id: this.newId(), ...one }))];
  }

  #listZones({ query }: ApiRequest): Response {
    assert.deepEqual([...query.keys()].sort(), ["name", "page", "per_page"]);
    const name = query.get("name");
    const all = this.zones.filter((zone) => this.#ignoresFilters || zone.name === name);
    return page(all.map((zone) => ({ status: "active", ...zone })), query, { most: 50 });
  }

  #listRecords({ params, query }: ApiRequest): Response {
    const zone = this.#zone(params["zone"]);
    assert.deepEqual([...query.keys()].sort(), ["name", "page", "per_page", "type"]);
    const [name, type] = [query.get("name"), query.get("type")];
    const isAsked = (one: CloudflareFakeRecord): boolean =>
      this.#ignoresFilters || (one.name === name && one.type === type);
    const all = this.records.filter((one) => one.name.endsWith(zone.name) && isAsked(one));
    return page(all, query, { most: 100 });
  }

  #createRecord({ params, body }: ApiRequest): Response {
    const zone = this.#zone(params["zone"]);
    const wanted = JSON.parse(body);
    const fault = this.#faultOf(wanted, zone.name);
    if (fault !== undefined) return fault;
    const record = { id: this.newId(), ...shownRecord(wanted), comment: null };
    this.records = [...this.records, record];
    this.writes.push(`POST ${record.type} ${record.name}`);
    return done(record);
  }

  #changeRecord({ params, body }: ApiRequest): Response {
    const zone = this.#zone(params["zone"]);
    const old = this.records.find(({ id }) => id === params["id"]);
    if (old === undefined) return refused(404, { code: 81044, message: "Record does not exist." });
    const wanted = JSON.parse(body);
    const fault = this.#faultOf(wanted, zone.name, old.id);
    if (fault !== undefined) return fault;
    assert.deepEqual([wanted.name, wanted.type], [old.name, old.type]);
    const record = { ...old, ...shownRecord(wanted) };
    this.records = this.records.map((one) => one === old ? record : one);
    this.writes.push(`PATCH ${record.type} ${record.name}`);
    return done(record);
  }

  #removeRecord({ params }: ApiRequest): Response {
    const old = this.records.find(({ id }) => id === params["id"]);
    if (old === undefined) return refused(404, { code: 81044, message: "Record does not exist." });
    this.records = this.records.filter((one) => one !== old);
    this.writes.push(`DELETE ${old.type} ${old.name}`);
    return done({ id: old.id });
  }

  #faultOf(wanted: Readonly<Record<string, unknown>>, zone: string, id?: string): Response | undefined {
    assertRecord(wanted, zone);
    const ttl = Number(wanted["ttl"]);
    if (ttl !== 1 && (ttl < 60 || ttl > 86_400)) {
      return refused(400, {
        code: 9021,
        message: "Invalid TTL. Must be between 60 and 86400 seconds, or 1.",
      });
    }
    const shown = shownRecord(wanted);
    const isTwin = this.records.some((one) =>
      one.id !== id && one.name === shown.name && one.type === shown.type && one.content === shown.content
    );
    return isTwin ? refused(400, { code: 81058, message: "An identical record already exists." }) : undefined;
  }

  #listRulesets({ query }: ApiRequest): Response {
    const cursor = query.get("cursor");
    assert.ok([...query.keys()].every((key) => key === "per_page" || key === "cursor"));
    // Two on a page, whatever was asked for.
    const start = cursor === null ? 0 : Number(cursor.replace("after", ""));
    const shown = this.rulesets.slice(start, start + 2).map(({ rules: _, ...rest }) => rest);
    const after = start + 2 < this.rulesets.length ? { cursors: { after: `after${start + 2}` } } : {};
    return Response.json({ success: true, errors: [], messages: [], result: shown, result_info: after });
  }

  #createRuleset({ params, body }: ApiRequest): Response {
    this.#zone(params["zone"]);
    const wanted = JSON.parse(body);
    assert.deepEqual(Object.keys(wanted), ["name", "kind", "phase", "rules"]);
    assert.deepEqual([wanted.kind, wanted.rules], ["zone", []]);
    if (this.rulesets.some(({ phase, kind }) => phase === wanted.phase && kind === "zone")) {
      return refused(400, { code: 20_217, message: "A similar configuration with rules already exists" });
    }
    const ruleset = { id: this.newId(), ...wanted };
    this.rulesets.push(ruleset);
    this.writes.push(`POST ruleset ${ruleset.phase}`);
    return done(ruleset);
  }

  #createRule({ params, body }: ApiRequest): Response {
    const ruleset = this.#ruleset(params["id"]);
    ruleset.rules.push({ id: this.newId(), ...ruleOf(body) });
    this.writes.push(`POST rule ${ruleset.phase}`);
    return done(ruleset);
  }

  #changeRule({ params, body }: ApiRequest): Response {
    const ruleset = this.#ruleset(params["id"]);
    const index = ruleset.rules.findIndex(({ id }) => id === params["rule"]);
    const old = ruleset.rules[index];
    if (old === undefined) return refused(404, { code: 20_404, message: "rule not found" });
    ruleset.rules[index] = { ...old, ...ruleOf(body) };
    this.writes.push(`PATCH rule ${ruleset.phase} ${old.id}`);
    return done(ruleset);
  }

  #zone(id: string | undefined): { readonly name: string } {
    const zone = this.zones.find((one) => one.id === id);
    assert.ok(zone !== undefined, `no zone ${id}`);
    return zone;
  }

  #ruleset(id: string | undefined): Ruleset {
    const ruleset = this.rulesets.find((one) => one.id === id);
    assert.ok(ruleset !== undefined, `no ruleset ${id}`);
    return ruleset;
  }
}

/** An answer that says no. */
export function refused(status: number, error: Readonly<Record<string, unknown>>): Response {
  return Response.json({ success: false, errors: [error], messages: [], result: null }, { status });
}

/** Options that a planner would give. */
export function cloudflareOptions(
  api: string,
  changes: Partial<CloudflareOptions> = {},
): CloudflareOptions {
  return {
    provider: "cloudflare",
    account: { kind: "token", token: new Secret(TOKEN) },
    zone: ZONE,
    ...{ records: [], redirects: [], origins: [], api },
    ...changes,
  };
}

/** For the conformance suite. */
export function fakeProvider(
  options: FakeCloudflareOptions,
  changes: Partial<CloudflareOptions> = {},
): FakeProvider {
  const fake = new FakeCloudflare(options);
  const secret = changes.account?.kind === "key" ? KEY : TOKEN;
  return {
    handle: fake.handle,
    refuse: (fault) =>
      fault === "bad-token"
        ? refused(403, { code: 10_000, message: `Authentication error: ${secret}` })
        : page([], new URLSearchParams("page=1&per_page=50"), { most: 50 }),
    seed: (records) => fake.seed(records.map(seededRecord)),
    dump: () => fake.records.map(dumpedRecord),
    writes: () => fake.writes,
    secrets: [secret],
    openStore: (url, parts) => {
      const settings = cloudflareOptions(url, changes);
      const api = openCloudflareApi(settings, parts);
      return openCloudflareStore(settings, { api, zones: new ZoneFinder(api, settings.zone) });
    },
  };
}

function done(result: unknown): Response {
  return Response.json({ success: true, errors: [], messages: [], result });
}

function page(
  all: readonly unknown[],
  query: URLSearchParams,
  { most }: { readonly most: number },
): Response {
  const number = Number(query.get("page"));
  const perPage = Number(query.get("per_page"));
  assert.ok(number >= 1 && perPage >= 1 && perPage <= most, `page ${number} of ${perPage}`);
  const result = all.slice((number - 1) * perPage, number * perPage);
  const info = { page: number, per_page: perPage, count: result.length, total_count: all.length };
  return Response.json({ success: true, errors: [], messages: [], result, result_info: info });
}

function ruleOf(body: string): Readonly<Record<string, unknown>> {
  const rule = JSON.parse(body);
  assert.deepEqual(Object.keys(rule).sort(), [
    ...["action", "action_parameters", "description", "enabled", "expression"],
  ]);
  return rule;
}

/** The documented spelling of what is written, member for member. */
function assertRecord(record: Readonly<Record<string, unknown>>, zone: string): void {
  const { type, name, content } = record;
  assert.ok(typeof name === "string" && (name === zone || name.endsWith(`.${zone}`)), `name ${name}`);
  const keys = Object.keys(record).sort();
  const parts = Object.keys((record["data"] ?? {}) as object).sort();
  switch (type) {
    case "A":
    case "AAAA":
      assert.deepEqual(keys, ["content", "name", "proxied", "ttl", "type"]);
      if (record["proxied"] === true) assert.equal(record["ttl"], 1);
      break;
    case "TXT":
      assert.deepEqual(keys, ["content", "name", "ttl", "type"]);
      assert.match(`${content}`, /^"(?:[ -!#-[\]-~]|\\.)*"(?: "(?:[ -!#-[\]-~]|\\.)*")*$/);
      break;
    case "SRV":
      assert.deepEqual([keys, parts], [["data", "name", "ttl", "type"], [
        "port",
        "priority",
        "target",
        "weight",
      ]]);
      break;
    case "HTTPS":
    case "SVCB":
      assert.deepEqual([keys, parts], [["data", "name", "ttl", "type"], ["priority", "target", "value"]]);
      break;
    default:
      assert.fail(`type ${type}`);
  }
}

/** What the API makes of a body; those with parts get their content from them, with tabs. */
function shownRecord(body: Readonly<Record<string, unknown>>): Omit<CloudflareFakeRecord, "id" | "comment"> {
  const { name, type, ttl, proxied = false, content } = body as unknown as CloudflareFakeRecord;
  const parts = body["data"] as Readonly<Record<string, unknown>> | undefined;
  const shown = parts === undefined ? content : Object.values(parts).join("\t");
  return { name, type, ttl, proxied, content: shown, ...(parts && { data: parts }) };
}

function seededRecord({ name, ttlSeconds, data: one }: StoredRecord): Partial<CloudflareFakeRecord> {
  const common = { name, type: one.type, ttl: ttlSeconds };
  switch (one.type) {
    case "A":
    case "AAAA":
      return { ...common, content: one.address };
    case "TXT":
      // As records are that were made without quotes.
      return { ...common, content: one.strings.join("") };
    case "SRV": {
      const { priority, weight, port, target } = one;
      return { ...common, ...shownRecord({ ...common, data: { priority, weight, port, target } }) };
    }
    default:
      throw new TypeError(`Cannot seed ${one.type}: not needed`);
  }
}

function dumpedRecord({ name, ttl, type, content, data: parts }: CloudflareFakeRecord): StoredRecord {
  const texts = parts === undefined ? content : Object.values(parts).join(" ");
  const read: RecordData = data(type as RecordType, texts);
  return { name, ttlSeconds: ttl, data: read };
}
