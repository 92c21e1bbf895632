import { formatEndpoint } from "../core/endpoint.ts";
import type { Logger } from "../core/log.ts";
import type { SharingWay } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import type { PortNews } from "../reuse/port_news.ts";
import type { PortSharing } from "../reuse/share_port.ts";
import { describeRefusal } from "../reuse/share_refusal.ts";
import { SharingNet, SPARE_SOCKETS } from "../reuse/sharing_net.ts";

/** Options for {@linkcode TunnelSharing}. */
export interface TunnelSharingOptions {
  readonly platform: Platform;
  /** Of the process; stays its owner's. */
  readonly sharing: PortSharing;
  /** Ends waiting for a port. */
  readonly signal: AbortSignal;
}

/**
 * How one tunnel shares its port with the service on it; tells each way it takes in one line of the log. Disposing,
 * once the tunnel's sockets are closed, gives the service's sockets back what they had.
 */
export class TunnelSharing implements Disposable {
  /** The platform for everything of the tunnel that binds its port. */
  readonly platform: Platform;
  readonly #plan: TunnelPlan;
  readonly #sharing: PortSharing;
  #way: SharingWay | undefined;
  #hasBound = false;

  /** Opens nothing. */
  constructor(plan: TunnelPlan, { platform, sharing, signal }: TunnelSharingOptions) {
    const { clock, log } = platform;
    this.#plan = plan;
    this.#sharing = sharing;
    const net = new SharingNet({
      ...{ net: platform.net, clock, log, signal },
      sharing: plan.sharesPort ? sharing : undefined,
      spareSockets: plan.waitsForService ? SPARE_SOCKETS : 0,
      onWay: (news) => this.#take(news, log),
    });
    this.platform = { ...platform, net };
  }

  /** The way it goes now; `undefined` where nobody else was seen on the port. */
  get way(): SharingWay | undefined {
    return this.#way;
  }

  [Symbol.dispose](): void {
    const { sharesPort, protocol, port } = this.#plan;
    // Of any other port there is nothing to be known before the end of the process.
    if (sharesPort && port.kind === "fixed" && port.port !== 0) this.#sharing.giveUp(protocol, port.port);
  }

  #take(news: PortNews, log: Logger): void {
    const level = this.#levelOf(news);
    log[level](describeNews(news), { name: this.#plan.name });
    if (news.kind === "waiting" || news.kind === "refused") return;
    this.#hasBound = true;
    this.#way = WAYS[news.kind];
  }

  /** A refusal of the first try is the error that the user gets to see. */
  #levelOf(news: PortNews): "debug" | "info" | "warn" {
    switch (news.kind) {
      case "refused":
        return this.#hasBound ? "warn" : "debug";
      case "nothing-there":
        return news.elsewhere.length > 0 ? "warn" : "info";
      case "made-shareable":
        return news.canRestart ? "info" : "warn";
      default:
        return "info";
    }
  }
}

const WAYS: Readonly<Record<Exclude<PortNews["kind"], "waiting" | "refused">, SharingWay | undefined>> = {
  "nothing-there": undefined,
  "shares": "service",
  "made-shareable": "pidfd",
  "spare-sockets": "spare",
};

/** One line about the way that was taken. */
export function describeNews(news: PortNews): string {
  switch (news.kind) {
    case "nothing-there": {
      if (news.elsewhere.length === 0) return "Nothing serves the port yet";
      const there = news.elsewhere.map(formatEndpoint).join(", ");
      return `Nothing serves the port at this address, only at ${there}: let the service listen on every address, ` +
        "or forward to it (porthole forward)";
    }
    case "shares":
      return `${serviceOf(news)} shares the port by itself`;
    case "made-shareable": {
      const done = `${
        serviceOf(news)
      } shares the port now; it had not set SO_REUSEPORT, and gets that back at the end`;
      return news.canRestart
        ? done
        : `${done}; it cannot start again meanwhile, because it does not set SO_REUSEADDR either`;
    }
    case "spare-sockets":
      return "A service came that does not share the port; sockets that were bound before it are used";
    case "waiting":
      return `Closed connections of the service hold the port (${news.count} in TIME_WAIT); trying again for up to ` +
        `${Math.round(news.limitMs / 1000)} s`;
    case "refused":
      return `Cannot share the port: ${describeRefusal(news.reason)}`;
  }
}

function serviceOf({ holders }: Extract<PortNews, { kind: "shares" | "made-shareable" }>): string {
  if (holders.length === 0) return "The service";
  return `The service ${holders.map(({ comm, pid }) => `${comm} (pid ${pid})`).join(", ")}`;
}
