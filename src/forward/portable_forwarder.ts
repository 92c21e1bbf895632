import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { errorMessage, PortholeError } from "../core/errors.ts";
import type { Platform } from "../core/platform.ts";
import type { ClientRecord, Forwarder, ForwardSession } from "./forwarder.ts";
import type { ForwardOptions } from "./options.ts";
import { PortableTunnel } from "./portable_tunnel.ts";

/** Something that only the Linux relay, or the kernel, can do was asked of the portable one. */
export class ForwardUnsupportedError extends PortholeError {
  override readonly name = "ForwardUnsupportedError";
  override readonly code = "not_supported";
}

/** Options for {@linkcode openPortableForwarder}. */
export interface PortableForwarderOptions {
  readonly platform: Platform;
}

/** Opens the forwarder that needs nothing but the platform's sockets: for systems where the fast one cannot run. */
export function openPortableForwarder(options: PortableForwarderOptions): Promise<Forwarder> {
  return Promise.resolve(new PortableForwarder(options.platform));
}

class PortableForwarder implements Forwarder {
  readonly #platform: Platform;
  readonly #tunnels = new Set<PortableTunnel>();
  #hasTold = false;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  async forward(
    internal: Endpoint,
    options: ForwardOptions,
    onClient: (record: ClientRecord) => void,
  ): Promise<ForwardSession> {
    refuseUnsupported(options);
    if (!this.#hasTold) {
      this.#platform.log.warn(
        "Forwarding takes the slow path, the runtime's own sockets: two to four times the CPU per byte",
      );
    }
    this.#hasTold = true;
    const tunnel = await PortableTunnel.open({
      platform: this.#platform,
      internal,
      options,
      onClient: (record) => {
        try {
          onClient(record);
        } catch (error) {
          this.#platform.log.error("A reader of clients failed", { reason: errorMessage(error) });
        }
      },
      onClosed: (closed) => this.#tunnels.delete(closed),
    });
    this.#tunnels.add(tunnel);
    return tunnel;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#tunnels].map((tunnel) => tunnel[Symbol.asyncDispose]()));
  }
}

function refuseUnsupported({ target, method, congestion, isTransparent }: ForwardOptions): void {
  const asked = method === "nftables"
    ? "method nftables"
    : isTransparent
    ? "keeping the client's address (transparent)"
    : congestion !== undefined
    ? `congestion control ${congestion}`
    : undefined;
  if (asked === undefined) return;
  throw new ForwardUnsupportedError(
    `Cannot forward to ${formatEndpoint(target)}: ${asked} is not possible with the portable forwarder`,
  );
}
