import { type Clock, systemClock } from "../core/clock.ts";
import { errorMessage } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Net } from "../core/net.ts";
import { LinuxNet } from "./linux_net.ts";
import { PortableNet } from "./portable_net.ts";

/** Options for {@linkcode openNet}. */
export interface OpenNetOptions {
  /** Where trouble inside is reported. */
  readonly log: Logger;
  /**
   * Time and timers.
   *
   * @default {systemClock}
   */
  readonly clock?: Clock;
  /** Takes the portable one even where the other would work. @default {PORTHOLE_PORTABLE=1} */
  readonly isPortable?: boolean;
}

/**
 * Opens the network of this machine: on Linux (x86-64, arm64; glibc) with shared ports, elsewhere the portable
 * one. Nothing runs until the first socket. Disposing closes all its sockets.
 */
export function openNet(options: OpenNetOptions): Net {
  const { log, clock = systemClock, isPortable = Deno.env.get("PORTHOLE_PORTABLE") === "1" } = options;
  const { os, arch } = Deno.build;
  if (isPortable || os !== "linux" || (arch !== "x86_64" && arch !== "aarch64")) {
    return new PortableNet({ clock });
  }
  try {
    return LinuxNet.open({ log, clock });
  } catch (error) {
    log.warn("Cannot use libc, ports cannot be shared", { reason: errorMessage(error) });
    return new PortableNet({ clock });
  }
}
