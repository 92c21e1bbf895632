import type { BlastOptions, BlastReport } from "./blast.ts";
import type { DatagramOptions, DatagramReport } from "./datagrams.ts";
import type { GateName, GatePorts } from "./gates.ts";
import type { PingOptions, PingReport } from "./ping.ts";
import type { StormOptions, StormReport } from "./storm.ts";
import type { TargetCounts } from "./wanted.ts";

/** What a load client does on request. */
export interface Loads {
  blast(options: BlastOptions): BlastReport;
  ping(options: PingOptions): PingReport;
  storm(options: StormOptions): StormReport;
  /** Opens idle connections and keeps them. */
  hold(options: { readonly port: number; readonly count: number }): number;
  /** Closes those. */
  release(options: Record<never, never>): number;
  sendDatagrams(options: DatagramOptions): DatagramReport;
  /** Asks the target, not through the forwarder. */
  counts(options: { readonly targetPort: number }): TargetCounts;
  /** Makes the target count datagrams instead of echoing them. */
  countDatagrams(options: { readonly targetPort: number }): void;
  /** @throws {Error} That says what is wrong. */
  gate(options: GatePorts & { readonly name: GateName }): void;
}

/** A line to the client. */
export interface ClientRequest {
  readonly load: keyof Loads;
  readonly options: unknown;
}

/** A line from the client. */
export type ClientReply = { readonly value: unknown } | { readonly error: string };
