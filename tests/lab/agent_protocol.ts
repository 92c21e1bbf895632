/** What an agent does on request, inside its namespace. Endpoints are `ADDRESS:PORT` texts. */
export interface AgentOperations {
  /** Fetches over plain TCP, one connection after the other, ours closing first. */
  visitTcp(args: {
    to: string;
    timeoutMs: number;
    /** @default {1} */
    count?: number;
    /** Bound before connecting, `ADDRESS:PORT`. */
    from?: string;
  }): VisitReport;
  /** Sends a datagram and waits for one, again every 200 ms. */
  visitUdp(args: { to: string; timeoutMs: number; count?: number; from?: string }): VisitReport;
  /** Sends datagrams, each of them once, and counts the answers. */
  burstUdp(args: {
    to: string;
    count: number;
    /** Hexadecimal digits. */
    payload: string;
    /** Hexadecimal digits that the right answer holds. */
    expected: string;
    timeoutMs: number;
  }): BurstReport;
  /** Listens on a port that others share, and answers every visitor with `text`. */
  serveTcp(args: { at: string; text: string }): null;
  /** The same over UDP. */
  serveUdp(args: { at: string; text: string }): null;
  /** Asks STUN servers over UDP from one socket, which stays open and answers strangers with `pong`. */
  probeUdp(
    args: { from: string; servers: string[]; change?: { address: boolean; port: boolean } },
  ): (string | null)[];
  /** Asks STUN servers over TCP from one port, then listens there and answers strangers with `pong`. */
  probeTcp(args: { from: string; servers: string[] }): (string | null)[];
  /** Opens an HTTP connection and keeps it. */
  holdTcp(args: { from: string; to: string }): null;
  /** Asks once more over the connection that is kept. */
  pokeTcp(args: { timeoutMs: number }): "answered" | "silent" | "closed";
}

/** How visits went. */
export interface VisitReport {
  readonly served: number;
  readonly failed: number;
  /** What the first one got. */
  readonly text: string;
  /** How many were served something else. */
  readonly others: number;
  /** Why the first failed one failed. */
  readonly error: string;
}

/** What became of a burst. */
export interface BurstReport {
  /** Answers from where they were sent to, with what was expected in them. */
  readonly answered: number;
  /** Other datagrams that came. */
  readonly strange: number;
}

/** A line to the agent. */
export interface AgentRequest {
  readonly id: number;
  readonly operation: keyof AgentOperations;
  readonly args: unknown;
}

/** A line from the agent. */
export interface AgentReply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}
