import type { MappingEvent } from "../core/mapping.ts";
import type { ServiceSnapshot } from "./service_snapshot.ts";

/** What a running service lets the status page, the socket and the status file see and do. */
export interface ServiceControl {
  /** How everything stands now. */
  snapshot(): ServiceSnapshot;
  /** Every event from now on, in order; disposing the result ends it. The reader must not block. */
  subscribe(reader: (event: MappingEvent) => void): Disposable;
  /**
   * Looks the mappings up at their STUN servers now and waits for the answers.
   *
   * @param name Only this tunnel; all of them if `undefined`.
   * @returns How everything stands afterwards.
   * @throws {RangeError} If there is no tunnel of this name.
   */
  verify(name: string | undefined, signal: AbortSignal): Promise<ServiceSnapshot>;
}
