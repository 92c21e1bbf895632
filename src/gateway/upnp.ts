import { errorMessage } from "../core/errors.ts";
import { findIgdServices } from "./device_description.ts";
import { GatewayError, moreTelling } from "./errors.ts";
import type { GatewayUrl } from "./gateway_url.ts";
import { requestFromRouter } from "./http_exchange.ts";
import { Igd, IGD_CODES, type IgdEntry, IgdFault, type IgdPort } from "./igd.ts";
import type { MapGrant, Mapper, MapperHandlers, MapRequest, RouterLink } from "./mapper.ts";
import { searchDevices, type SearchOptions } from "./search_devices.ts";
import { XmlError } from "./xml_reader.ts";

/** A router asked by UPnP (WANIPConnection:1 and :2, WANPPPConnection:1). IPv4 only. */
export class UpnpMapper implements Mapper {
  readonly way = "upnp";
  readonly #link: RouterLink;
  readonly #igd: Igd;
  readonly #onForgotten: () => void;
  /** It refused leases that end. */
  #isPermanentOnly = false;
  /** It finds what it was just given; `undefined`: not tried yet. */
  #listsEntries: boolean | undefined;
  #externalAddress: string | undefined;

  private constructor(
    link: RouterLink,
    igd: Igd,
    { onForgotten, externalAddress }: MapperHandlers & { readonly externalAddress?: string | undefined },
  ) {
    this.#link = link;
    this.#igd = igd;
    this.#onForgotten = onForgotten;
    this.#externalAddress = externalAddress;
  }

  /**
   * Searches the router's devices and takes the first service that is connected: one that has an external address,
   * else one that answers at all.
   *
   * @throws {GatewayError} If there is none.
   */
  static async find(link: RouterLink, options: SearchOptions & MapperHandlers): Promise<UpnpMapper> {
    const { signal } = options;
    let best: FoundIgd | undefined;
    let failure: GatewayError | undefined;
    try {
      const urls = await searchDevices(link, options);
      // A media server on the router, or a device that answers nothing, must not hide the one that works.
      const looks = await Promise.allSettled(urls.map((url) => findIgd(link, url, signal)));
      for (const look of looks) {
        if (look.status === "rejected") failure = moreTelling(failure, asGatewayError(look.reason, link));
        else if (best?.externalAddress === undefined) {
          best = look.value.externalAddress ? look.value : best ?? look.value;
        }
      }
    } catch (error) {
      failure = asGatewayError(error, link);
    }
    signal.throwIfAborted();
    if (best !== undefined) return new UpnpMapper(link, best.igd, { ...options, ...best });
    throw failure ?? nothingThere("no UPnP device answers there", link);
  }

  /** As {@linkcode Mapper.externalAddress}. */
  async externalAddress(signal: AbortSignal): Promise<string | undefined> {
    return this.#externalAddress = await this.#igd.externalAddress(signal);
  }

  /** As {@linkcode Mapper.map}. */
  async map(request: MapRequest, signal: AbortSignal): Promise<MapGrant> {
    const grant = await this.#addSomehow(request, signal);
    if (this.#listsEntries === undefined) {
      const entry = await this.#find(request, grant, signal).catch(() => undefined);
      signal.throwIfAborted();
      this.#listsEntries = isOwn(entry, request);
    }
    return { ...grant, externalAddress: this.#externalAddress };
  }

  /** As {@linkcode Mapper.unmap}; what has become somebody else's stays. */
  async unmap(request: MapRequest, grant: MapGrant, signal: AbortSignal): Promise<void> {
    const port: IgdPort = { protocol: request.protocol, externalPort: grant.externalPort };
    if (this.#listsEntries === true) {
      const entry = await this.#igd.find(port, signal);
      if (entry === undefined || !isOwn(entry, request)) return;
    }
    await this.#igd.remove(port, signal);
  }

  /** As {@linkcode Mapper.check}: UPnP has no epoch, so one entry is looked up for all. */
  async check(
    { request, grant }: { readonly request: MapRequest; readonly grant: MapGrant },
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#listsEntries !== true) return void await this.externalAddress(signal);
    if (!isOwn(await this.#find(request, grant, signal), request)) this.#onForgotten();
  }

  async #find(request: MapRequest, grant: MapGrant, signal: AbortSignal): Promise<IgdEntry | undefined> {
    const port: IgdPort = { protocol: request.protocol, externalPort: grant.externalPort };
    return await this.#igd.find(port, signal);
  }

  async #addSomehow(request: MapRequest, signal: AbortSignal): Promise<MapGrant> {
    try {
      return await this.#add(request, signal);
    } catch (error) {
      if (!(error instanceof IgdFault)) throw error;
      switch (error.igdCode) {
        case IGD_CODES.conflict:
          return await this.#replaceOwn(request, error, signal);
        case IGD_CODES.invalidAction:
        case IGD_CODES.notImplemented:
          if (this.#igd.version > 1) return await this.#addAny(request, signal);
          throw error;
        default:
          throw error;
      }
    }
  }

  async #add(request: MapRequest, signal: AbortSignal): Promise<MapGrant> {
    const { protocol, externalPort, client, internalPort, lifetimeSeconds } = request;
    const add = async (leaseSeconds: number): Promise<MapGrant> => {
      await this.#igd.add({ protocol, externalPort }, { client, internalPort, leaseSeconds }, signal);
      return { externalPort, lifetimeSeconds: leaseSeconds || Infinity };
    };
    if (this.#isPermanentOnly) return await add(0);
    try {
      return await add(lifetimeSeconds);
    } catch (error) {
      if (!isAboutLease(error)) throw error;
      const grant = await add(0);
      // Only now it is known that it was about the lease: 402 is said of other values too.
      this.#isPermanentOnly = true;
      return grant;
    }
  }

  /** A port of an earlier run is our own: it is deleted, as some routers do not renew either. */
  async #replaceOwn(request: MapRequest, conflict: IgdFault, signal: AbortSignal): Promise<MapGrant> {
    const port: IgdPort = { protocol: request.protocol, externalPort: request.externalPort };
    const entry = await this.#igd.find(port, signal).catch(() => undefined);
    signal.throwIfAborted();
    if (!isOwn(entry, request)) throw conflict;
    await this.#igd.remove(port, signal);
    return await this.#add(request, signal);
  }

  /** Another port is of no use: the router does not send our own packets out by it. */
  async #addAny(request: MapRequest, signal: AbortSignal): Promise<MapGrant> {
    const { protocol, externalPort, client, internalPort, lifetimeSeconds } = request;
    const to = { client, internalPort, leaseSeconds: lifetimeSeconds };
    const reserved = await this.#igd.addAny({ protocol, externalPort }, to, signal);
    if (reserved === externalPort) return { externalPort, lifetimeSeconds };
    await this.#igd.remove({ protocol, externalPort: reserved }, signal).catch(() => {});
    throw new GatewayError(`it gives port ${reserved} instead of ${externalPort}, which is of no use`, {
      ...{ fault: "conflict", router: this.#link.router, way: "upnp" },
    });
  }
}

/** It leads to what was asked for. */
function isOwn(entry: IgdEntry | undefined, { client, internalPort }: MapRequest): boolean {
  return entry?.client === client && entry.internalPort === internalPort;
}

/** 725 says so; others call the lease an invalid value. */
function isAboutLease(error: unknown): boolean {
  return error instanceof IgdFault &&
    (error.igdCode === IGD_CODES.onlyPermanentLeases || error.igdCode === IGD_CODES.invalidArgs);
}

/** A service of a router, and the external address that it named. */
interface FoundIgd {
  readonly igd: Igd;
  readonly externalAddress?: string | undefined;
}

/** The first service of a device that has an external address, else one that answers at all. */
async function findIgd(link: RouterLink, url: GatewayUrl, signal: AbortSignal): Promise<FoundIgd> {
  let answering: FoundIgd | undefined;
  let failure: GatewayError | undefined;
  for (const igd of await igdsAt(link, url, signal)) {
    try {
      const externalAddress = await igd.externalAddress(signal);
      if (externalAddress !== undefined) return { igd, externalAddress };
      answering ??= { igd };
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      failure = moreTelling(failure, error);
      if (error instanceof IgdFault) answering ??= { igd };
      // The others are at the same server, and nobody waits for each of them.
      if (error.fault === "silent") break;
    }
  }
  if (answering !== undefined) return answering;
  throw failure ?? nothingThere("its UPnP device opens no ports", link);
}

async function igdsAt(link: RouterLink, url: GatewayUrl, signal: AbortSignal): Promise<readonly Igd[]> {
  const { router, platform: { log } } = link;
  const { status, text } = await requestFromRouter(link, { url, signal });
  if (status !== 200) return [];
  try {
    return findIgdServices(text, { router, from: url }).map((service) => new Igd(link, service));
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    log.debug("A UPnP device describes itself badly", { router, reason: error.message });
    return [];
  }
}

function asGatewayError(error: unknown, link: RouterLink): GatewayError {
  return error instanceof GatewayError ? error : nothingThere(errorMessage(error), link);
}

function nothingThere(reason: string, { router }: RouterLink): GatewayError {
  return new GatewayError(reason, { fault: "silent", router, way: "upnp" });
}
