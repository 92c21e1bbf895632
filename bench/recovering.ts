import { delay, systemClock } from "../src/core/clock.ts";
import type { Protocol } from "../src/core/mapping.ts";
import { Lab } from "../tests/lab/lab.ts";
import type { CaseContext } from "../tests/lab/lab_case.ts";
import { Porthole } from "../tests/lab/porthole.ts";
import { secondsUntilServed } from "../tests/lab/visits.ts";
import { type Figure, median } from "./figure.ts";

/** What happens to the NAT. */
export type Mishap = "NAT restart" | "external address change";

const REPETITIONS = 8;

/** Seconds of the best peer in the same lab (reference/lab.md), for the ratio. */
const BEST_PEER = {
  "NAT restart": { tcp: 8, udp: 9 },
  "external address change": { tcp: 9, udp: 9 },
} as const;

/** Seconds from a mishap until a stranger is served again, at default settings, several times over. */
export async function measureRecovery(
  mishap: Mishap,
  protocol: Protocol,
  signal: AbortSignal,
): Promise<Figure[]> {
  await using lab = await Lab.open({ profile: "full-cone", signal });
  await using porthole = Porthole.start(lab, { protocol, args: ["--test"] });
  await porthole.waitFor("mapped", 10_000);
  const context: CaseContext = {
    lab,
    protocol,
    start: () => porthole,
    pause: (delayMs) => delay(systemClock, delayMs, signal),
  };
  const all: number[] = [];
  for (let i = 0; i < REPETITIONS; i++) {
    // At any phase of the program's timers.
    await context.pause(3000 + Math.random() * 4000);
    const old = porthole.external;
    const since = performance.now();
    await (mishap === "NAT restart" ? lab.restartNat() : lab.changeExternalAddress());
    const limitMs = 60_000;
    all.push(await secondsUntilServed(context, porthole, { since, limitMs, isFresh: (to) => to !== old }));
  }
  const peer = BEST_PEER[mishap][protocol];
  const middle = median(all);
  return [
    {
      name: `${protocol}: ${mishap} to visitor served`,
      value: middle,
      unit: "s",
      aim: 4,
      remark: `median of ${REPETITIONS}; best peer ${peer} s, ${(peer / middle).toFixed(1)} × as long`,
    },
    { name: `${protocol}: ${mishap}, slowest`, value: Math.max(...all), unit: "s", aim: 4 },
  ];
}
