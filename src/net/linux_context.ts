import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Reactor } from "./reactor.ts";
import type { SpareSocketIndex } from "./spare_sockets.ts";

/** What the sockets of one Linux net share. */
export interface LinuxContext {
  readonly reactor: Reactor;
  /** Everything open; closing the net closes it. */
  readonly owned: Set<Disposable>;
  /** Bound in advance, to connect from where nothing new can be bound. */
  readonly spares: SpareSocketIndex;
  readonly clock: Clock;
  readonly log: Logger;
}
