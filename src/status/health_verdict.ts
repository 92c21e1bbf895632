import type { ServiceSnapshot, TunnelSnapshot, TunnelState } from "./service_snapshot.ts";

/** How old the last confirmation may be unless told otherwise: a lookup a minute, and time to repeat it. */
export const DEFAULT_MAX_AGE_MS = 90_000;

/**
 * What is wrong with a tunnel.
 *
 * - `unknown`: there is none of this name.
 * - `not-mapped`: see `state` and `detail`.
 * - `unconfirmed`: no STUN server has named its external endpoint yet.
 * - `stale`: the last one to do so did it `ageMs` ago.
 */
export type HealthProblem = "unknown" | "not-mapped" | "unconfirmed" | "stale";

/** Verdict on one tunnel. */
export interface TunnelHealth {
  readonly name: string;
  /** Absent if there is no such tunnel. */
  readonly protocol?: TunnelSnapshot["protocol"];
  readonly healthy: boolean;
  readonly state?: TunnelState;
  readonly problem?: HealthProblem;
  /** The problem in words, on one line. */
  readonly reason?: string;
  /** Why it is not mapped, as the tunnel said. */
  readonly detail?: string;
  /** Milliseconds since the last confirmation. */
  readonly ageMs?: number;
}

/** Verdict on the service. */
export interface Health {
  /** Every tunnel asked about is. */
  readonly healthy: boolean;
  /** One for each tunnel that was asked for. */
  readonly tunnels: readonly TunnelHealth[];
}

/** Options for {@linkcode judgeHealth}. */
export interface HealthOptions {
  /** Only the tunnels of this name. */
  readonly name?: string | undefined;
  /** How old the last confirmation may be. @default {90_000} */
  readonly maxAgeMs?: number | undefined;
  /** By the clock that dated the snapshot. */
  readonly now: Date;
}

/**
 * Judges: healthy is mapped, and confirmed lately. A name that does not exist is not healthy; a service without
 * tunnels is.
 */
export function judgeHealth(snapshot: ServiceSnapshot, options: HealthOptions): Health {
  const { name, maxAgeMs = DEFAULT_MAX_AGE_MS, now } = options;
  const asked = snapshot.tunnels.filter((tunnel) => name === undefined || tunnel.name === name);
  if (name !== undefined && asked.length === 0) {
    const reason = "there is no tunnel of this name";
    return { healthy: false, tunnels: [{ name, healthy: false, problem: "unknown", reason }] };
  }
  const tunnels = asked.map((tunnel) => judge(tunnel, { maxAgeMs, now }));
  return { healthy: tunnels.every(({ healthy }) => healthy), tunnels };
}

interface Limits {
  readonly maxAgeMs: number;
  readonly now: Date;
}

function judge({ name, protocol, state, reason, confirmedAt }: TunnelSnapshot, limits: Limits): TunnelHealth {
  const head = { name, protocol, healthy: false, state };
  if (state !== "mapped") {
    const words = reason === undefined ? `state: ${state}` : `${state}: ${reason}`;
    return { ...head, problem: "not-mapped", reason: words, ...(reason !== undefined && { detail: reason }) };
  }
  // A clock that was set back must not make everything stale; one that cannot be read is no confirmation.
  const ageMs = Math.max(0, limits.now.getTime() - Date.parse(confirmedAt ?? ""));
  if (Number.isNaN(ageMs)) {
    return { ...head, problem: "unconfirmed", reason: "no STUN server has confirmed it yet" };
  }
  if (ageMs > limits.maxAgeMs) {
    return {
      ...head,
      problem: "stale",
      reason: `it was last confirmed ${Math.round(ageMs / 1000)} s ago`,
      ageMs,
    };
  }
  return { ...head, healthy: true, ageMs };
}
