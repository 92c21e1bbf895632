import { errorCode } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { nextPort, type PortSpec } from "./port_spec.ts";
import type { HeldPort, Transport } from "./transport.ts";

/** Options for {@linkcode PortHolder}. */
export interface PortHolderOptions {
  readonly spec: PortSpec;
  readonly transport: Transport;
  readonly random: Random;
  /** The port it had before a restart: tried first where any port will do. */
  readonly rememberedPort?: number | undefined;
}

/** Ports tried before a range counts as taken. */
const MAX_PORT_TRIES = 100;

/** Chooses and holds a mapping's port: the one it had, as long as that can be bound; else the next one of the range. */
export class PortHolder {
  readonly #options: PortHolderOptions;
  #port: number | undefined;

  constructor(options: PortHolderOptions) {
    this.#options = options;
  }

  /** @throws {Error} With the kernel's `code` if no wanted port of `address` can be bound. */
  async hold(address: string): Promise<HeldPort> {
    const { spec, random, transport } = this.#options;
    const remembered = await this.#holdRemembered(address);
    if (remembered !== undefined) return remembered;
    let port = this.#port ?? nextPort(spec, undefined, random);
    const tries = spec.kind === "fixed" ? 1 : Math.min(MAX_PORT_TRIES, spec.last - spec.first + 1);
    for (let tried = 1;; tried++) {
      try {
        const held = await transport.hold({ address, port });
        this.#port = held.local.port;
        return held;
      } catch (error) {
        if (tried >= tries || errorCode(error) !== "EADDRINUSE") throw error;
        port = nextPort(spec, port, random);
      }
    }
  }

  /** @returns `undefined` if it does not apply, or somebody else has the port by now. */
  async #holdRemembered(address: string): Promise<HeldPort | undefined> {
    const { spec, transport, rememberedPort: port } = this.#options;
    const isAnyPort = spec.kind === "fixed" && spec.port === 0;
    if (port === undefined || !isAnyPort || this.#port !== undefined) return undefined;
    try {
      const held = await transport.hold({ address, port });
      this.#port = port;
      return held;
    } catch (error) {
      if (errorCode(error) === "EADDRINUSE") return undefined;
      throw error;
    }
  }
}
