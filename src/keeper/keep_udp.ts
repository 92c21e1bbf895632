import type { KeeperOptions } from "./options.ts";
import type { Platform } from "../core/platform.ts";
import type { Transport } from "./transport.ts";

/** The discard port (RFC 863) of our own address: connecting there needs no route and sends nothing. */
const NOWHERE_PORT = 9;

/**
 * UDP: STUN itself keeps the mapping alive, so only the port has to be held, by a socket connected to nowhere
 * that takes no datagram from others.
 */
export function keepUdp(options: KeeperOptions, platform: Platform): Transport {
  const { mark } = options;
  return {
    hold: (local) =>
      platform.net.openDatagram({
        local,
        remote: { address: local.address, port: NOWHERE_PORT },
        mark,
        reusePort: true,
        onDatagram: () => {},
      }),
    openAnchor: () => ({
      renew: (): void => {},
      check: (): void => {},
      [Symbol.asyncDispose]: (): Promise<void> => Promise.resolve(),
    }),
  };
}
