import type { BenchWorld } from "./bench_world.ts";

const FIRST_PORT = 3_000;
/** Where a tunnel goes that is changed; another one each time. */
const FIRST_OTHER_PORT = 6_000;

/** Which tunnels a configuration names. */
export interface ConfigurationOptions {
  readonly place: BenchWorld["place"];
  /** TCP and UDP by turns, called t0, t1 and so on. */
  readonly count: number;
  /** The tunnel with this index gets another port. @default none */
  readonly changed?: number | undefined;
}

/** A configuration for `porthole run`: fixed bind ports, test page off, everything else as built in. */
export function configurationText({ place, count, changed }: ConfigurationOptions): string {
  const tunnels = Array.from({ length: count }, (_, i) => ({
    name: `t${i}`,
    protocol: i % 2 === 0 ? "tcp" : "udp",
    bind: `${place.home}:${(i === changed ? FIRST_OTHER_PORT : FIRST_PORT) + i}`,
    test: false,
  }));
  return JSON.stringify(
    { stun: { tcp: place.stun, udp: place.stun }, keepAlive: { tcp: place.web }, tunnels },
    undefined,
    2,
  );
}
