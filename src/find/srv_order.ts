import type { Random } from "../core/random.ts";

/** What the order of SRV records goes by. */
export interface SrvRank {
  /** The lowest is tried first. */
  readonly priority: number;
  /** Share among those of one priority. */
  readonly weight: number;
}

/**
 * The order in which SRV targets are tried (RFC 2782): by priority, and within one by a draw in which each has its
 * weight as chance. Those of weight 0 have a very small one.
 */
export function orderSrv<T extends SrvRank>(
  records: readonly T[],
  random: Pick<Random, "fraction">,
): readonly T[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);
  return priorities.flatMap((priority) =>
    drawAll(records.filter((one) => one.priority === priority), random)
  );
}

function drawAll<T extends SrvRank>(records: readonly T[], random: Pick<Random, "fraction">): readonly T[] {
  // Weight 0 first, so that a draw of 0 finds them.
  const left = records.toSorted((a, b) => Math.sign(a.weight) - Math.sign(b.weight));
  const drawn: T[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    // RFC 2782: a number from 0 to the sum, both included.
    const ticket = Math.floor(random.fraction() * (total + 1));
    let sum = 0;
    const at = left.findIndex(({ weight }) => (sum += weight) >= ticket);
    drawn.push(...left.splice(Math.max(0, at), 1));
  }
  return drawn;
}
