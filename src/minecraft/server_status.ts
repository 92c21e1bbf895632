/** What a server says about itself; keys are in the order in which they are shown. */
export interface ServerStatus {
  readonly version: {
    readonly name: string;
    readonly protocol: number;
  };
  /** Its message of the day, a line each, without formatting. */
  readonly description: readonly string[];
  readonly players: {
    readonly max: number;
    readonly online: number;
    /** Names of some who play, sorted; Java only. */
    readonly list?: readonly string[];
  };
}

/** Why a server did not answer, in the words of nat1_traversal. */
export type OfflineReason =
  | "DNS query failed"
  | "timeout"
  | "connect fail"
  | "OSError"
  | "packet_len < 3"
  | "packet_id != 0"
  | "motd parse fail."
  | "packet_id != \\x1c"
  | "response_magic != RAKNET_MAGIC";

/** What came of a query. */
export type QueryResult =
  | { readonly kind: "online"; readonly status: ServerStatus }
  | {
    readonly kind: "offline";
    readonly reason: OfflineReason;
    /** The error behind it, where there is one. */
    readonly cause?: unknown;
  };
