/** First byte of a connection to the target: what is wanted of it. */
export const WANTED = {
  /** Count bytes until the end, then answer with the count (float64, little-endian). */
  sink: 0x53,
  /** Send until the connection is gone. */
  source: 0x47,
  /** Send everything back; end after the other side ended. */
  echo: 0x45,
  /** Answer with {@linkcode SHORT_ANSWER_BYTES} and close first. */
  short: 0x43,
  /** Reset the connection. */
  reset: 0x52,
  /** Do nothing; how it ends is counted. */
  watch: 0x57,
  /** Answer with {@linkcode TargetCounts} as JSON and begin to count anew. */
  counts: 0x55,
  /** From now on datagrams go back to their sender. */
  datagramEcho: 0x58,
  /** From now on datagrams are counted. */
  datagramCount: 0x59,
} as const;

/** Size of a short answer: a small HTTP response. */
export const SHORT_ANSWER_BYTES = 200;

/** What a target counted since it was asked last. */
export interface TargetCounts {
  datagrams: number;
  datagramBytes: number;
  /** Connections that ended by RST. */
  resets: number;
  /** Connections that ended by FIN. */
  ends: number;
}
