import { canonicalAddress, parsePort } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { IgdService } from "./device_description.ts";
import { GatewayError, type GatewayFault } from "./errors.ts";
import { requestFromRouter } from "./http_exchange.ts";
import type { RouterLink } from "./mapper.ts";
import { encodeSoapCall, readSoapAnswer, type SoapCall } from "./soap.ts";
import { XmlError } from "./xml_reader.ts";

/** One port in a router's table, as UPnP names it. */
export interface IgdPort {
  readonly protocol: Protocol;
  readonly externalPort: number;
}

/** Where a port of the router leads to. */
export interface IgdEntry {
  readonly client: string;
  readonly internalPort: number;
}

/** Error codes that somebody handles (WANIPConnection:2, sections 2.5.16 to 2.5.22). */
export const IGD_CODES = {
  invalidAction: 401,
  invalidArgs: 402,
  failed: 501,
  notImplemented: 602,
  noSuchEntry: 714,
  conflict: 718,
  onlyPermanentLeases: 725,
} as const;

/** A router answered a call by an error code. */
export class IgdFault extends GatewayError {
  /** As in the answer; 0 if there is none. */
  readonly igdCode: number;

  /** `said` is what the router calls it. */
  constructor(igdCode: number, { router, said }: { readonly router: string; readonly said: string }) {
    const fault: GatewayFault = igdCode === IGD_CODES.conflict ? "conflict" : "refused";
    super(describeCode(igdCode, said), { fault, router, way: "upnp", isVague: igdCode === IGD_CODES.failed });
    this.igdCode = igdCode;
  }
}

/** The actions of one service of a router that ports are opened by. */
export class Igd {
  readonly #link: RouterLink;
  readonly #service: IgdService;

  /** Asks nothing. */
  constructor(link: RouterLink, service: IgdService) {
    this.#link = link;
    this.#service = service;
  }

  /** WANIPConnection:2 and later know AddAnyPortMapping. */
  get version(): number {
    return this.#service.version;
  }

  /** `GetExternalIPAddress`. @returns `undefined` if it has none. */
  async externalAddress(signal: AbortSignal): Promise<string | undefined> {
    const values = await this.#call("GetExternalIPAddress", [], signal);
    const address = canonicalAddress(values.get("newexternalipaddress") ?? "");
    return address === "0.0.0.0" ? undefined : address;
  }

  /** `AddPortMapping`; a lease of 0 lasts until it is deleted. */
  async add(
    port: IgdPort,
    to: IgdEntry & { readonly leaseSeconds: number },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#call("AddPortMapping", mappingArgs(port, to), signal);
  }

  /** `AddAnyPortMapping`. @returns The external port, perhaps another one. */
  async addAny(
    port: IgdPort,
    to: IgdEntry & { readonly leaseSeconds: number },
    signal: AbortSignal,
  ): Promise<number> {
    const values = await this.#call("AddAnyPortMapping", mappingArgs(port, to), signal);
    const reserved = parsePort(values.get("newreservedport") ?? "") ?? 0;
    if (reserved === 0) throw this.#malformed("it gave no port");
    return reserved;
  }

  /** `GetSpecificPortMappingEntry`. @returns `undefined` if there is none. */
  async find({ protocol, externalPort }: IgdPort, signal: AbortSignal): Promise<IgdEntry | undefined> {
    try {
      const values = await this.#call("GetSpecificPortMappingEntry", [
        ["NewRemoteHost", ""],
        ["NewExternalPort", externalPort],
        ["NewProtocol", protocol.toUpperCase()],
      ], signal);
      const internalPort = parsePort(values.get("newinternalport") ?? "");
      const client = canonicalAddress(values.get("newinternalclient") ?? "");
      if (internalPort === undefined || client === undefined) {
        throw this.#malformed("an entry without a target");
      }
      return { client, internalPort };
    } catch (error) {
      if (error instanceof IgdFault && error.igdCode === IGD_CODES.noSuchEntry) return undefined;
      throw error;
    }
  }

  /** `DeletePortMapping`; that there is none is as good. */
  async remove({ protocol, externalPort }: IgdPort, signal: AbortSignal): Promise<void> {
    try {
      await this.#call("DeletePortMapping", [
        ["NewRemoteHost", ""],
        ["NewExternalPort", externalPort],
        ["NewProtocol", protocol.toUpperCase()],
      ], signal);
    } catch (error) {
      if (!(error instanceof IgdFault && error.igdCode === IGD_CODES.noSuchEntry)) throw error;
    }
  }

  async #call(
    action: string,
    args: SoapCall["args"],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    const { type, control } = this.#service;
    const { status, text } = await requestFromRouter(this.#link, {
      url: control,
      headers: { "Content-Type": 'text/xml; charset="utf-8"', "SOAPAction": `"${type}#${action}"` },
      body: encodeSoapCall({ type, action, args }),
      signal,
    });
    try {
      const answer = readSoapAnswer(text, action);
      if (answer.kind === "values") return answer.values;
      throw new IgdFault(answer.code, { router: this.#link.router, said: answer.description });
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
      throw this.#malformed(status === 200 ? error.message : `HTTP status ${status}`);
    }
  }

  #malformed(reason: string): GatewayError {
    return new GatewayError(reason, { fault: "malformed", router: this.#link.router, way: "upnp" });
  }
}

/** In the order of WANIPConnection:2, section 2.5.16. */
function mappingArgs(
  { protocol, externalPort }: IgdPort,
  { client, internalPort, leaseSeconds }: IgdEntry & { readonly leaseSeconds: number },
): SoapCall["args"] {
  return [
    ["NewRemoteHost", ""],
    ["NewExternalPort", externalPort],
    ["NewProtocol", protocol.toUpperCase()],
    ["NewInternalPort", internalPort],
    ["NewInternalClient", client],
    ["NewEnabled", 1],
    ["NewPortMappingDescription", "porthole"],
    ["NewLeaseDuration", leaseSeconds],
  ];
}

const WORDS: Readonly<Record<number, string>> = {
  401: "it does not know this action",
  402: "it does not take these values",
  501: "it failed",
  602: "it does not know this action",
  606: "it is not allowed there",
  714: "it has no such entry",
  715: "it wants the address of each visitor",
  716: "it wants a definite external port",
  718: "the external port belongs to somebody else",
  724: "it wants the same port on both sides",
  725: "it gives ports for ever only",
  726: "it wants no address of visitors",
  727: "it opens all external ports or none",
  728: "it gives no more ports",
  729: "the external port is used by the router itself",
  732: "it wants a definite internal port",
};

function describeCode(code: number, said: string): string {
  const words = WORDS[code];
  const number = code === 0 ? "" : ` (${code})`;
  return `${words ?? (said === "" ? "it says no" : said)}${number}`;
}
