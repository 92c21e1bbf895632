import type { DatagramSocket, Net, StreamConnection } from "../../../src/core/net.ts";
import type { Clock } from "../../../src/core/clock.ts";
import type { GatewayWay } from "../../../src/core/mapping.ts";
import { decodePcpRequest } from "./pcp_request.ts";

/** One port that the router lets in. */
export interface FakeEntry {
  readonly way: GatewayWay;
  readonly client: string;
  readonly internalPort: number;
  readonly lifetimeSeconds: number;
  readonly nonce?: string;
}

/** Options for {@linkcode FakeRouter.open}; tests change the fields to make trouble. */
export interface FakeRouterOptions {
  readonly net: Net;
  readonly clock: Clock;
  readonly ways: readonly GatewayWay[];
  /** @default {"192.168.1.1"} */
  readonly address?: string;
  /** @default {"100.64.0.2"} */
  readonly externalAddress?: string;
  /** @default {1} */
  readonly igdVersion?: 1 | 2;
}

/** Asked of UPnP; a number is a fault's code. */
export type SoapAnswerer = (action: string, args: ReadonlyMap<string, string>) => string | number | undefined;

/** A router in a FakeNet that speaks all three protocols, as the RFCs and WANIPConnection say. */
export class FakeRouter implements Disposable {
  readonly address: string;
  externalAddress: string;
  /** By `protocol externalPort`. */
  readonly entries: Map<string, FakeEntry> = new Map();
  /** What was asked, one text for each request: `pcp map`, `upnp AddPortMapping`, … */
  readonly asked: string[] = [];
  /** Result code of every further PCP MAP request. */
  pcpResult = 0;
  /** Result code of every further NAT-PMP map request. */
  natPmpResult = 0;
  /** Instead of the port that was asked for. */
  otherPort: number | undefined;
  /** Before the usual answer of UPnP. */
  onSoap: SoapAnswerer = () => undefined;
  /** Instead of its own address in LOCATION. */
  location: string | undefined;
  /** Its HTTP port. */
  httpPort = 5000;
  /** Instead of the true one. */
  epoch: (() => number) | undefined;
  /** PCP MAP requests get no answer. */
  isPcpMapSilent = false;
  /** Further services in the description, before the one that works. */
  moreServices = "";
  /** Control URLs that are answered by 404. */
  readonly deadPaths: Set<string> = new Set();
  /** Nothing is answered. */
  isSilent = false;
  readonly #options: FakeRouterOptions;
  readonly #owned = new DisposableStack();
  #startedMs: number;

  private constructor(options: FakeRouterOptions) {
    this.#options = options;
    this.address = options.address ?? "192.168.1.1";
    this.externalAddress = options.externalAddress ?? "100.64.0.2";
    this.#startedMs = options.clock.now() - 100_000;
  }

  static async open(options: FakeRouterOptions): Promise<FakeRouter> {
    const router = new FakeRouter(options);
    await router.#listen();
    return router;
  }

  /** Forgets everything, and how long it has been running. */
  restart(): void {
    this.entries.clear();
    this.#startedMs = this.#options.clock.now();
  }

  [Symbol.dispose](): void {
    this.#owned.dispose();
  }

  async #listen(): Promise<void> {
    const { net, ways } = this.#options;
    if (ways.includes("pcp") || ways.includes("nat-pmp")) {
      const socket: DatagramSocket = this.#owned.use(
        await net.openDatagram({
          local: { address: this.address, port: 5351 },
          onDatagram: (data, from) => {
            if (this.isSilent) return;
            const answer = data[0] === 2 ? this.#pcp(data, from.address) : this.#natPmp(data, from.address);
            if (answer !== undefined) socket.send(answer, from);
          },
        }),
      );
    }
    if (!ways.includes("upnp")) return;
    const ssdp: DatagramSocket = this.#owned.use(
      await net.openDatagram({
        local: { address: this.address, port: 1900 },
        onDatagram: (data, from) => {
          this.asked.push("ssdp");
          if (this.isSilent) return;
          const target = /\nST: (.*)\r/.exec(new TextDecoder().decode(data))?.[1] ?? "";
          const location = this.location ?? `http://${this.address}:${this.httpPort}/root.xml`;
          ssdp.send(
            new TextEncoder().encode(
              `HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nlOcAtIoN:${location}\r\nst: ${target}\r\n\r\n`,
            ),
            from,
          );
        },
      }),
    );
    await this.#serveHttp(this.httpPort);
  }

  /** Serves HTTP there from now on. */
  async #serveHttp(port: number): Promise<void> {
    this.#owned.use(
      await this.#options.net.listenStream({
        local: { address: this.address, port },
        onConnection: (connection) => {
          let text = "";
          return {
            onData: (data) => {
              text += new TextDecoder().decode(data);
              const head = /^(\w+) (\S+)[^]*?\r\n\r\n/.exec(text);
              const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
              if (head === null || text.length < head[0].length + length || this.isSilent) return;
              this.#answerHttp(connection, head[1] === "GET" ? undefined : text);
            },
            onEnd: () => connection.abort(),
          };
        },
      }),
    );
  }

  #answerHttp(connection: StreamConnection, call: string | undefined): void {
    const { status, body } = call === undefined
      ? { status: 200, body: this.#description() }
      : this.#soap(call);
    if (call === undefined) this.asked.push("http description");
    connection.write(new TextEncoder().encode(`HTTP/1.1 ${status} X\r\nConnection: close\r\n\r\n${body}`));
    connection.end();
  }

  #description(): string {
    const service = `urn:schemas-upnp-org:service:WANIPConnection:${this.#options.igdVersion ?? 1}`;
    return `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device>
      <deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType>
      <serviceList><service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType>
      <controlURL>/l3</controlURL></service>${this.moreServices}<service><serviceType>${service}</serviceType>
      <controlURL>/ctl</controlURL></service></serviceList></device></root>`;
  }

  #soap(call: string): { status: number; body: string } {
    if (this.deadPaths.has(call.split(" ")[1] ?? "")) return { status: 404, body: "<html><p>no" };
    const action = /soapaction: "[^#]*#(\w+)"/i.exec(call)?.[1] ?? "";
    const args = new Map(
      [...call.matchAll(/<(New\w+)>([^<]*)</g)].map(([, name = "", value = ""]) => [name, value]),
    );
    this.asked.push(`upnp ${action}`);
    const answer = this.onSoap(action, args) ?? this.#igd(action, args);
    const wrap = (inner: string): string => `<s:Envelope xmlns:s="x"><s:Body>${inner}</s:Body></s:Envelope>`;
    if (typeof answer === "string") {
      return { status: 200, body: wrap(`<u:${action}Response xmlns:u="y">${answer}</u:${action}Response>`) };
    }
    const fault =
      `<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail><UPnPError>` +
      `<errorCode>${answer}</errorCode><errorDescription>No</errorDescription></UPnPError></detail></s:Fault>`;
    return { status: 500, body: wrap(fault) };
  }

  #igd(action: string, args: ReadonlyMap<string, string>): string | number {
    const key = `${args.get("NewProtocol")?.toLowerCase()} ${args.get("NewExternalPort")}`;
    const entry = this.entries.get(key);
    switch (action) {
      case "GetExternalIPAddress":
        return `<NewExternalIPAddress>${this.externalAddress}</NewExternalIPAddress>`;
      case "AddPortMapping": {
        const client = args.get("NewInternalClient") ?? "";
        if (entry !== undefined && entry.client !== client) return 718;
        this.entries.set(key, {
          way: "upnp",
          client,
          internalPort: Number(args.get("NewInternalPort")),
          lifetimeSeconds: Number(args.get("NewLeaseDuration")),
        });
        return "";
      }
      case "GetSpecificPortMappingEntry":
        return entry === undefined
          ? 714
          : `<NewInternalPort>${entry.internalPort}</NewInternalPort><NewInternalClient>${entry.client}</NewInternalClient>`;
      case "DeletePortMapping":
        return this.entries.delete(key) ? "" : 714;
      default:
        return 401;
    }
  }

  get #epoch(): number {
    if (this.epoch !== undefined) return this.epoch();
    return Math.floor((this.#options.clock.now() - this.#startedMs) / 1000);
  }

  #natPmp(data: Uint8Array, client: string): Uint8Array | undefined {
    if (!this.#options.ways.includes("nat-pmp")) return undefined;
    const request = new DataView(data.buffer, data.byteOffset, data.length);
    const opcode = data[1] ?? 0;
    this.asked.push(opcode === 0 ? "nat-pmp address" : "nat-pmp map");
    const answer = new Uint8Array(opcode === 0 ? 12 : 16);
    const view = new DataView(answer.buffer);
    view.setUint8(1, 0x80 + opcode);
    view.setUint32(4, this.#epoch);
    if (opcode === 0) {
      answer.set(this.externalAddress.split(".").map(Number), 8);
      return answer;
    }
    const protocol = opcode === 2 ? "tcp" : "udp";
    const [internalPort, asked, lifetimeSeconds] = [
      request.getUint16(4),
      request.getUint16(6),
      request.getUint32(8),
    ];
    if (this.natPmpResult !== 0) {
      view.setUint16(2, this.natPmpResult);
      return answer;
    }
    const port = this.#change({ way: "nat-pmp", protocol, client, internalPort, lifetimeSeconds }, asked);
    view.setUint16(8, internalPort);
    view.setUint16(10, port);
    view.setUint32(12, lifetimeSeconds);
    return answer;
  }

  #pcp(data: Uint8Array, from: string): Uint8Array | undefined {
    if (!this.#options.ways.includes("pcp")) {
      // RFC 6886, section 3.5: a server of NAT-PMP only.
      return this.#options.ways.includes("nat-pmp") ? Uint8Array.of(0, 0x80, 0, 1, 0, 0, 0, 1) : undefined;
    }
    const request = decodePcpRequest(data);
    this.asked.push(`pcp ${request.kind}`);
    const answer = new Uint8Array(data.length);
    answer.set(data);
    const view = new DataView(answer.buffer);
    view.setUint8(1, 0x80 | (data[1] ?? 0));
    view.setUint32(8, this.#epoch);
    answer.fill(0, 12, 24);
    const refuse = (result: number): Uint8Array => {
      view.setUint8(3, result);
      return answer;
    };
    if (request.client !== from) return refuse(12);
    if (request.kind !== "map") return refuse(0);
    if (this.isPcpMapSilent) return undefined;
    if (this.pcpResult !== 0) return refuse(this.pcpResult);
    const { protocol, internalPort, externalPort, lifetimeSeconds } = request;
    const nonce = request.nonce.toHex();
    const held = this.entries.values().find((entry) =>
      entry.client === from && entry.internalPort === internalPort
    );
    if (held?.nonce !== undefined && held.nonce !== nonce) return refuse(2);
    const asked = { way: "pcp", protocol, client: from, internalPort, lifetimeSeconds, nonce } as const;
    view.setUint16(42, this.#change(asked, externalPort));
    answer.set(
      [...new Array<number>(10).fill(0), 255, 255, ...this.externalAddress.split(".").map(Number)],
      44,
    );
    return refuse(0);
  }

  /** Enters or deletes; @returns The external port. */
  #change(
    { protocol, ...entry }: FakeEntry & { readonly protocol: "tcp" | "udp" },
    asked: number,
  ): number {
    const known = [...this.entries].find(([key, { client, internalPort }]) =>
      key.startsWith(protocol) && client === entry.client && internalPort === entry.internalPort
    )?.[0];
    if (entry.lifetimeSeconds === 0) {
      if (known !== undefined) this.entries.delete(known);
      return 0;
    }
    const port = this.otherPort ?? (known === undefined ? asked : Number(known.split(" ")[1]));
    this.entries.set(`${protocol} ${port}`, entry);
    return port;
  }
}
