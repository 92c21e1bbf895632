import type { Endpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { Platform } from "../core/platform.ts";
import type { ClientRecord, Forwarder, ForwardSession } from "./forwarder.ts";
import type { ForwardOptions } from "./options.ts";
import { openWorkerForwarder } from "./worker_forwarder.ts";

/** Options for {@linkcode openForwarder}. */
export interface OpenForwarderOptions {
  readonly platform: Platform;
  /** Takes the slow portable path even where the Worker would run. @default {PORTHOLE_PORTABLE=1} */
  readonly isPortable?: boolean;
}

/**
 * Opens what forwards the tunnels of this process: the relay in a Worker on Linux (x86-64, arm64; glibc), elsewhere
 * the portable one; `nftables` where a tunnel asks for it. Nothing runs before the first tunnel.
 */
// deno-lint-ignore require-await
export async function openForwarder(options: OpenForwarderOptions): Promise<Forwarder> {
  const { platform, isPortable = Deno.env.get("PORTHOLE_PORTABLE") === "1" } = options;
  return new MethodForwarder(platform, isPortable || !isRelayPossible());
}

function isRelayPossible(): boolean {
  const { os, arch } = Deno.build;
  return os === "linux" && (arch === "x86_64" || arch === "aarch64");
}

/** Sends each tunnel to the forwarder of its method; each is opened when first needed. */
class MethodForwarder implements Forwarder {
  readonly #platform: Platform;
  #isPortable: boolean;
  #relay: Promise<Forwarder> | undefined;
  #nft: Promise<Forwarder> | undefined;

  constructor(platform: Platform, isPortable: boolean) {
    this.#platform = platform;
    this.#isPortable = isPortable;
  }

  async forward(
    internal: Endpoint,
    options: ForwardOptions,
    onClient: (record: ClientRecord) => void,
  ): Promise<ForwardSession> {
    const forwarder = options.method === "nftables" ? this.#openNft() : (this.#relay ??= this.#openRelay());
    return await (await forwarder).forward(internal, options, onClient);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const opening of [this.#relay, this.#nft]) {
      const forwarder = await opening?.catch(() => undefined);
      await forwarder?.[Symbol.asyncDispose]();
    }
  }

  #openNft(): Promise<Forwarder> {
    const platform = this.#platform;
    // Unlike the relay it may become possible later, so a failure is not kept.
    return this.#nft ??= import("./nft_forwarder.ts")
      .then(({ openNftForwarder }) => openNftForwarder({ platform }))
      .catch((error: unknown) => {
        this.#nft = undefined;
        throw error;
      });
  }

  async #openRelay(): Promise<Forwarder> {
    const platform = this.#platform;
    if (!this.#isPortable) {
      try {
        return await openWorkerForwarder({ platform });
      } catch (error) {
        platform.log.warn("Cannot use libc for forwarding", { reason: errorMessage(error) });
        this.#isPortable = true;
      }
    }
    const { openPortableForwarder } = await import("./portable_forwarder.ts");
    return await openPortableForwarder({ platform });
  }
}
