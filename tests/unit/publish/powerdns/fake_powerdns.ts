/** The part of the HTTP API of PowerDNS Authoritative 4.7 that porthole uses; strict, and with one zone. */
import assert from "node:assert/strict";
import { parseRecordData } from "../../../../src/dns/record_text.ts";
import type { RecordType } from "../../../../src/dns/record_data.ts";
import { type ApiHandler, type ApiRequest, apiRoutes } from "../../../fakes/api_server.ts";

/** Key of the API. */
export const POWERDNS_KEY = "pdns-SECRET-key";

/** A record set as the API shows it. */
export interface FakeRrset {
  /** With its final dot. */
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly records: readonly { readonly content: string; readonly disabled: boolean }[];
}

/** Options for {@linkcode FakePowerdns}. */
export interface FakePowerdnsOptions {
  /** As the API spells it. @default the zone with its final dot */
  readonly id?: string;
  /** Whether it knows `rrset_name` and `rrset_type`. @default {true} */
  readonly filters?: boolean;
}

/** The server. */
export class FakePowerdns {
  readonly zone: string;
  rrsets: readonly FakeRrset[] = [];
  readonly writes: string[] = [];
  readonly handle: ApiHandler;
  readonly #id: string;
  readonly #filters: boolean;

  constructor(zone: string, options: FakePowerdnsOptions = {}) {
    this.zone = zone;
    const { id = `${zone}.`, filters = true } = options;
    this.#id = id;
    this.#filters = filters;
    this.handle = apiRoutes({
      "GET /api/v1/servers/:server/zones/:zone": (request) => this.#show(request),
      "PATCH /api/v1/servers/:server/zones/:zone": (request) => this.#change(request),
    });
  }

  #refusal({ headers, params, path }: ApiRequest): Response | undefined {
    if (headers.get("x-api-key") !== POWERDNS_KEY) return new Response("Unauthorized", { status: 401 });
    if (params["server"] !== "localhost") return new Response("Not Found", { status: 404 });
    if (path.split("/").at(-1) === this.#id) return undefined;
    return Response.json({ error: `Could not find domain '${params["zone"]}'` }, { status: 404 });
  }

  #show(request: ApiRequest): Response {
    const refusal = this.#refusal(request);
    if (refusal) return refusal;
    assert.equal(request.headers.get("accept"), "application/json");
    const [name, type] = [request.query.get("rrset_name"), request.query.get("rrset_type")];
    assert.ok(name?.endsWith(".") && type, "asks for one record set");
    const soa = {
      name: `${this.zone}.`,
      type: "SOA",
      ttl: 3600,
      records: [{ content: "…", disabled: false }],
    };
    const shown = [soa, ...this.rrsets].filter((one) =>
      !this.#filters || one.name === name && one.type === type
    );
    return Response.json({ id: this.#id, name: `${this.zone}.`, kind: "Native", rrsets: shown });
  }

  #change(request: ApiRequest): Response {
    const refusal = this.#refusal(request);
    if (refusal) return refusal;
    assert.equal(request.headers.get("content-type"), "application/json");
    const { rrsets, ...rest } = JSON.parse(request.body);
    assert.deepEqual(rest, {});
    for (const rrset of rrsets) {
      const problem = this.#apply(rrset);
      if (problem !== undefined) return Response.json({ error: problem }, { status: 422 });
    }
    return new Response(null, { status: 204 });
  }

  #apply(
    { name, type, changetype, ttl, records }: FakeRrset & { readonly changetype: string },
  ): string | undefined {
    if (!name.endsWith(`.${this.zone}.`) && name !== `${this.zone}.`) {
      return `RRset ${name} IN ${type}: Name is out of zone`;
    }
    const others = this.rrsets.filter((one) => one.name !== name || one.type !== type);
    if (others.some((one) => one.name === name && one.type === "CNAME")) {
      return `RRset ${name} IN ${type}: Conflicts with pre-existing RRset`;
    }
    if (changetype === "DELETE") {
      assert.ok(ttl === undefined && records === undefined);
      this.rrsets = others;
    } else {
      assert.equal(changetype, "REPLACE");
      assert.ok(Number.isInteger(ttl) && records.length > 0);
      for (const { content, disabled } of records) {
        assert.ok(!disabled);
        assert.match(content, /^[\x20-\x7e]+$/);
        if (parseRecordData(type as RecordType, content) === undefined) {
          return `Record ${name}/${type} '${content}': Parsing record content failed`;
        }
        if (type === "TXT") assert.match(content, /^"/);
        if (type === "SRV") assert.match(content, /\.$/);
      }
      this.rrsets = [...others, { name, type, ttl, records }];
    }
    this.writes.push(`${changetype} ${name} ${type}`);
    return undefined;
  }
}
