import { delay, systemClock } from "../src/core/clock.ts";
import type { Protocol } from "../src/core/mapping.ts";
import { HOST_ADDRESSES, STUN_PORT } from "../tests/lab/addresses.ts";
import { Lab } from "../tests/lab/lab.ts";
import { Porthole } from "../tests/lab/porthole.ts";
import { Capture } from "./capture.ts";
import { type Figure, median } from "./figure.ts";

/** Warm runs; the first one fills the caches and does not count. */
const RUNS = 9;
/** Round trips are told from the rest by making them long. */
const RTT_MS = 100;
const AIMS = { tcp: 2, udp: 1 } as const;

interface Opening {
  readonly firstPacketMs: number;
  readonly mappedMs: number;
  readonly packets: number;
  /** What the wire really took for the first exchange. */
  readonly rttMs: number;
}

/** How quickly a mapping opens: start-up, round trips, packets. */
export async function measureOpening(protocol: Protocol, signal: AbortSignal): Promise<Figure[]> {
  const near = await openings(protocol, { signal });
  const far = await openings(protocol, { signal, rttMs: RTT_MS });
  const trips = median(far.map(({ firstPacketMs, mappedMs, rttMs }) => (mappedMs - firstPacketMs) / rttMs));
  const restMs = (trips % 1) * median(far.map(({ rttMs }) => rttMs));
  return [
    {
      name: `${protocol}: process start to first STUN packet`,
      value: median(near.map(({ firstPacketMs }) => firstPacketMs)),
      unit: "ms",
      aim: 250,
      remark: `median of ${RUNS} warm runs`,
    },
    {
      name: `${protocol}: process start to mapped`,
      value: median(near.map(({ mappedMs }) => mappedMs)),
      unit: "ms",
      remark: "without delay on the wire",
    },
    {
      name: `${protocol}: round trips from there to mapped`,
      value: Math.floor(trips),
      unit: "RTT",
      aim: AIMS[protocol],
      remark: `and ${restMs.toFixed(0)} ms of our own, at ${RTT_MS} ms RTT`,
    },
    {
      name: `${protocol}: packets until mapped`,
      value: median(near.map(({ packets }) => packets)),
      unit: "packets",
      remark: "both directions, canary included",
    },
  ];
}

async function openings(
  protocol: Protocol,
  options: { signal: AbortSignal; rttMs?: number },
): Promise<readonly Opening[]> {
  await using lab = await Lab.open({ profile: "full-cone", ...options });
  const all: Opening[] = [];
  for (let run = 0; run <= RUNS; run++) all.push(await openOnce(lab, protocol));
  return all.slice(1);
}

async function openOnce(lab: Lab, protocol: Protocol): Promise<Opening> {
  await using capture = await Capture.start(lab);
  const startMs = performance.timeOrigin + performance.now();
  await using porthole = Porthole.start(lab, { protocol });
  const mapped = await porthole.waitFor("mapped", 10_000);
  const mappedAtMs = performance.timeOrigin + mapped.readAt;
  // Lines of the capture come a little after the packets.
  await delay(systemClock, 200, lab.signal);
  const first = capture.packets.find(({ from, to }) =>
    from.startsWith(`${HOST_ADDRESSES[0]}:`) && to.endsWith(`:${STUN_PORT}`)
  );
  if (!first) throw new Error("Cannot measure opening: no STUN packet was captured");
  const answer = capture.packets.find(({ from, to }) => from === first.to && to === first.from);
  return {
    rttMs: (answer?.atMs ?? NaN) - first.atMs,
    firstPacketMs: first.atMs - startMs,
    mappedMs: mappedAtMs - startMs,
    packets: capture.packets.filter(({ atMs }) => atMs <= mappedAtMs).length,
  };
}
