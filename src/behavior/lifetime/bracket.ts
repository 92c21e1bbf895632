/** What came of one trial. */
export interface TrialOutcome {
  /**
   * `alive` and `dead` were proved; `ended` means that the server ended the connection (which came through the mapping,
   * so it lived until then); `unknown` that nothing was proved.
   */
  readonly state: "alive" | "dead" | "ended" | "unknown";
  /**
   * Idle time in milliseconds: `alive` and `ended` lived at least so long, `dead` lived no longer, and `unknown` says
   * when it was looked at.
   */
  readonly ageMs: number;
}

/** What the outcomes of trials say together. */
export interface Bracket {
  /** The longest idle time that was survived; 0 if none was. */
  readonly aliveMs: number;
  /** The shortest one that was not, longer than any that was. */
  readonly deadMs?: number | undefined;
  /** How many died at that age or later. */
  readonly deaths: number;
  /** How many died at an age that another one survived. */
  readonly contradictions: number;
}

/**
 * Survival is proof, so a death at an age that another mapping survived was lost packets, or a NAT that treats its
 * mappings differently. Pure.
 */
export function bracketOf(outcomes: readonly TrialOutcome[]): Bracket {
  const agesOf = (...states: readonly TrialOutcome["state"][]): readonly number[] =>
    outcomes.filter(({ state }) => states.includes(state)).map(({ ageMs }) => ageMs);
  const aliveMs = Math.max(0, ...agesOf("alive", "ended"));
  const dead = agesOf("dead");
  const deaths = dead.filter((ms) => ms > aliveMs);
  const deadMs = deaths.length === 0 ? undefined : Math.min(...deaths);
  return { aliveMs, deadMs, deaths: deaths.length, contradictions: dead.length - deaths.length };
}
