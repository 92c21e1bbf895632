import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Reactor } from "./reactor.ts";

/** What the sockets of one Linux net share. */
export interface LinuxContext {
  readonly reactor: Reactor;
  /** Everything open; closing the net closes it. */
  readonly owned: Set<Disposable>;
  readonly clock: Clock;
  readonly log: Logger;
}
