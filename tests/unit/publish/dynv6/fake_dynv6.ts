import type { RecordType } from "../../../../src/dns/record_data.ts";
import { type ApiHandler, type ApiRequest, apiRoutes } from "../../../fakes/api_server.ts";
import { type FakeRecord, FakeRecords } from "../fake_records.ts";
import { hasOnly } from "../tencent/fake_tencent.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The token of the fake; never in a message. */
export const DYNV6_TOKEN = "dynv6-SECRET-token";

const ZONE_ID = 7;

/** dynv6 as its API specification has it (0.2.0), with one zone. SRV values are kept as `PRIORITY WEIGHT PORT DATA`. */
export class FakeDynv6 {
  readonly records: FakeRecords = new FakeRecords();
  readonly handle: ApiHandler;
  /** Bodies of requests that change something, with their path. */
  readonly asked: { readonly request: string; readonly body: Fields }[] = [];
  /** Fields of the zone that stand for records of its own name. */
  address = "";
  prefix = "";
  readonly #zone: string;

  constructor(zone: string) {
    this.#zone = zone;
    const routes = apiRoutes({
      "GET /zones/by-name/:zone": ({ params }) => params["zone"] === zone ? this.#zoneJson() : missing(),
      "PATCH /zones/:zoneId": (request) => this.#patchZone(request),
      "GET /zones/:zoneId/records": ({ params }) =>
        isZone(params) ? Response.json(this.records.all.map((record) => this.#json(record))) : missing(),
      "POST /zones/:zoneId/records": (request) => this.#create(request),
      "PATCH /zones/:zoneId/records/:id": (request) => this.#update(request),
      "DELETE /zones/:zoneId/records/:id": ({ params }) =>
        isZone(params) && this.records.remove(Number(params["id"]))
          ? new Response(undefined, { status: 204 })
          : missing(),
    });
    this.handle = (request) => {
      const isAllowed = request.headers.get("authorization") === `Bearer ${DYNV6_TOKEN}`;
      return isAllowed ? routes(request) : Response.json({ error: "invalid token" }, { status: 401 });
    };
  }

  #zoneJson(): Response {
    const { address: ipv4address, prefix: ipv6prefix } = this;
    return Response.json({
      id: ZONE_ID,
      name: this.#zone,
      ipv4address,
      ipv6prefix,
      createdAt: "2024-01-01T00:00:00Z",
    });
  }

  async #patchZone(request: ApiRequest): Promise<Response> {
    const body = this.#note(request);
    if (!isZone(request.params)) return missing();
    if (!hasOnly(body, ["ipv4address?", "ipv6prefix?"])) return await invalid("unknown field");
    this.address = String(body["ipv4address"] ?? this.address);
    this.prefix = String(body["ipv6prefix"] ?? this.prefix);
    this.records.writes.push(`update zone ${Object.keys(body).join()}`);
    return this.#zoneJson();
  }

  async #create(request: ApiRequest): Promise<Response> {
    const record = recordOf(this.#note(request), []);
    if (!isZone(request.params)) return missing();
    if (record === undefined) return await invalid("is not a valid record");
    const id = this.records.create(record);
    return Response.json(this.#json({ ...record, id, line: "", isPaused: false }));
  }

  async #update(request: ApiRequest): Promise<Response> {
    const body = this.#note(request);
    const record = recordOf(body, ["id", "zoneID"]);
    const id = Number(request.params["id"]);
    if (!isZone(request.params)) return missing();
    if (record === undefined || body["id"] !== id || body["zoneID"] !== ZONE_ID) {
      return await invalid("is not a valid record");
    }
    if (!this.records.update(id, record)) return missing();
    return Response.json(this.#json({ ...record, id, line: "", isPaused: false }));
  }

  #note({ method, path, headers, body }: ApiRequest): Fields {
    if (headers.get("content-type") !== "application/json") {
      throw new TypeError("Cannot read body: it is not JSON");
    }
    const fields = JSON.parse(body);
    this.asked.push({ request: `${method} ${path}`, body: fields });
    return fields;
  }

  #json({ id, name, type, value }: FakeRecord): object {
    const base = { id, zoneID: ZONE_ID, name, type };
    if (type !== "SRV") return { ...base, data: value };
    const [priority, weight, port, data = ""] = value.split(" ");
    const expandedData = data.endsWith(".") ? undefined : `${data}.${this.#zone}`;
    return {
      ...base,
      priority: Number(priority),
      weight: Number(weight),
      port: Number(port),
      data,
      expandedData,
    };
  }
}

function isZone(params: ApiRequest["params"]): boolean {
  return params["zoneId"] === `${ZONE_ID}`;
}

function recordOf(
  body: Fields,
  ids: readonly string[],
): Pick<FakeRecord, "name" | "type" | "value" | "ttlSeconds"> | undefined {
  const isSrv = body["type"] === "SRV";
  const names = ["name", "data", "type", ...(isSrv ? ["priority", "weight", "port"] : []), ...ids];
  const { name, data, type, priority, weight, port } = body as Readonly<Record<string, string>>;
  const isKnown = ["A", "AAAA", "SRV", "TXT"].includes(type ?? "");
  if (!hasOnly(body, names) || !isKnown || typeof name !== "string" || typeof data !== "string") {
    return undefined;
  }
  const value = isSrv ? `${priority} ${weight} ${port} ${data}` : data;
  return { name, type: type as RecordType, value, ttlSeconds: 60 };
}

function missing(): Response {
  return Response.json({ error: { name: "NotFound", message: "not found" } }, { status: 404 });
}

function invalid(message: string): Promise<Response> {
  const error = { name: "ValidationError", message, fields: [{ name: "data", message }] };
  return Promise.resolve(Response.json({ error }, { status: 422 }));
}
