import { systemClock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Platform } from "../core/platform.ts";
import { systemRandom } from "../core/random.ts";
import type { Texts } from "../text/texts.ts";
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

/** Opens the network and runs `use` on this machine's platform; everything is closed afterwards. */
export async function withPlatform<T>(session: Session, use: (platform: Platform) => Promise<T>): Promise<T> {
  const { openNet } = await import("../net/open_net.ts");
  await using net = openNet({ log: session.log });
  return await use({ net, clock: systemClock, random: systemRandom, log: session.log });
}
