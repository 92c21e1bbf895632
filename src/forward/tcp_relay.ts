import { RelayHalf } from "./relay_half.ts";

/** What an event of a socket says. */
export interface SideEvents {
  /** Something to read, be it the end. */
  readonly isReadable: boolean;
  readonly isWritable: boolean;
  /** The peer ended its side, or the connection is over. */
  readonly hasHangup: boolean;
  /** SO_ERROR may hold something. */
  readonly hasError: boolean;
}

/** One of the two connections of a relay. */
export type RelaySide = "client" | "target";

/**
 * What becomes of both connections: `open`, `closed` when both directions have ended in order, `reset` when one side
 * failed and the other has to learn it.
 */
export type RelayFate = "open" | "closed" | "reset";

/** The state of one relayed TCP connection, without sockets: two directions and a common end. */
export class TcpRelay {
  /** From the client to the target. */
  readonly up: RelayHalf = new RelayHalf();
  /** From the target to the client. */
  readonly down: RelayHalf = new RelayHalf();
  #isConnected = false;
  #failed: RelaySide | undefined;

  /** Whether the target has accepted. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** The side that failed first. */
  get failedSide(): RelaySide | undefined {
    return this.#failed;
  }

  /** What is to be done with the connections now. */
  get fate(): RelayFate {
    if (this.#failed !== undefined) return "reset";
    return this.up.isEnded && this.down.isEnded ? "closed" : "open";
  }

  /** The target has accepted. @param headerBytes What goes to it before anything of the client's. */
  connected(headerBytes: number): void {
    this.#isConnected = true;
    this.up.preload(headerBytes);
    this.up.sinkReady();
    this.down.sinkReady();
  }

  /**
   * A socket has news.
   *
   * @returns `"check-error"` if SO_ERROR has to be asked because no read will meet what it holds.
   */
  onEvents(side: RelaySide, events: SideEvents): "check-error" | undefined {
    const from = side === "client" ? this.up : this.down;
    const into = side === "client" ? this.down : this.up;
    if (events.isReadable || events.hasHangup || events.hasError) {
      from.sourceReady(events.hasHangup || events.hasError);
    }
    // Before the target has accepted nothing is read from the client: there is nowhere to put it.
    if (this.#isConnected && (events.isWritable || events.hasHangup || events.hasError)) into.sinkReady();
    return events.hasError && from.isDeafToSource ? "check-error" : undefined;
  }

  /** A read, write or check of this side met an error: the first one decides. */
  fail(side: RelaySide): void {
    this.#failed ??= side;
  }
}
