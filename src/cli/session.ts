import type { LogConfig } from "../config/config.ts";
import { systemClock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Platform } from "../core/platform.ts";
import { systemRandom } from "../core/random.ts";
import type { Texts } from "../text/texts.ts";
import type { CliHost } from "./host.ts";
import type { Output } from "./output.ts";

/** What every command works with. */
export interface Session {
  readonly texts: Texts;
  /** JSON lines instead of texts. */
  readonly isJson: boolean;
  /** Results; the only way to stdout. */
  readonly output: Output;
  readonly log: Logger;
  /** Aborted by SIGINT, SIGTERM, or when nobody reads stdout any more. */
  readonly signal: AbortSignal;
}

/** A {@linkcode Session} for commands that look at the process around them. */
export interface HostSession extends Session {
  readonly host: CliHost;
  /** Goes over to what a configuration says about the log; flags of the command line come first. */
  readonly configureLog: (config: LogConfig | undefined) => void;
}

/** Opens the network and runs `use` on this machine's platform; everything is closed afterwards. */
export async function withPlatform<T>(session: Session, use: (platform: Platform) => Promise<T>): Promise<T> {
  const [{ openNet }, { keepMemoryLean }] = await Promise.all([
    import("../net/open_net.ts"),
    import("../net/lean_memory.ts"),
  ]);
  await using net = openNet({ log: session.log });
  using _lean = net.capability === "full" ? keepMemoryLean({ clock: systemClock }) : undefined;
  return await use({ net, clock: systemClock, random: systemRandom, log: session.log });
}
