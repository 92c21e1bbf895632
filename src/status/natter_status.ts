import { tunnelKey } from "../core/mapping.ts";
import type { ServiceSnapshot, TunnelSnapshot } from "./service_snapshot.ts";

/**
 * The status file of Natter 0.9, byte for byte: 4 spaces, no newline at the end, empty before the first mapping,
 * entries in the order they first appeared. Unlike there, only mappings that stand are entries. It remembers the
 * order, so one object writes one file.
 */
export class NatterStatus {
  /** Keys of tunnels that were mapped at least once, in that order. */
  readonly #order: string[] = [];

  /** The text for this moment. */
  format(snapshot: ServiceSnapshot): string {
    const mapped = new Map<string, TunnelSnapshot>();
    for (const tunnel of snapshot.tunnels) {
      if (tunnel.state === "mapped") mapped.set(tunnelKey(tunnel), tunnel);
    }
    // Several may be new since the last look; who came first is in `since`.
    const fresh = [...mapped].filter(([key]) => !this.#order.includes(key))
      .toSorted(([, a], [, b]) => Date.parse(a.since) - Date.parse(b.since));
    this.#order.push(...fresh.map(([key]) => key));
    if (this.#order.length === 0) return "";
    const entries = (protocol: TunnelSnapshot["protocol"]): readonly Entry[] =>
      this.#order.map((key) => mapped.get(key))
        .filter((tunnel) => tunnel?.protocol === protocol)
        .map((tunnel) => ({
          inner: tunnel?.target ?? tunnel?.internal ?? "",
          outer: tunnel?.external ?? "",
        }));
    return JSON.stringify({ tcp: entries("tcp"), udp: entries("udp") }, undefined, 4);
  }
}

interface Entry {
  readonly inner: string;
  readonly outer: string;
}
