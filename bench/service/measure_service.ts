import type { Figure } from "../figure.ts";
import { measureLife } from "./measure_life.ts";
import { measureStarts } from "./measure_starts.ts";

/** So many tunnels the issue asks for. */
const MANY = 500;
/** Warm starts of each kind. */
const STARTS = { one: 9, many: 5 } as const;

/**
 * `porthole run` with 500 tunnels (TCP and UDP half each) behind a NAT in user space, all on loopback: start-up,
 * memory, processor time, STUN requests, reload, restart of the NAT. Needs Linux, neither root nor network.
 *
 * @throws {Error} If something could not be measured.
 */
export async function measureService(signal: AbortSignal): Promise<Figure[]> {
  const folder = await Deno.makeTempDir({ prefix: "porthole-bench-" });
  try {
    return [
      ...await measureStarts({ count: 1, runs: STARTS.one, folder, signal }),
      ...await measureStarts({ count: MANY, runs: STARTS.many, folder, signal }),
      ...await measureLife({ count: MANY, folder, signal }),
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
