import type { Clock } from "./clock.ts";
import type { Logger } from "./log.ts";
import type { Net } from "./net.ts";
import type { Random } from "./random.ts";

/** Everything from outside that parts of a tunnel use; handed in, so that tests need no mocks of globals. */
export interface Platform {
  /** Sockets and names. */
  readonly net: Net;
  /** Time and timers. */
  readonly clock: Clock;
  /** Randomness. */
  readonly random: Random;
  /** Where parts report. */
  readonly log: Logger;
}
