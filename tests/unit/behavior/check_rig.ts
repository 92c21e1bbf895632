/** What tests of the NAT check share: a world with servers, and what every report has to keep to. */
import assert from "node:assert/strict";
import type { Endpoint, HostPort } from "../../../src/core/endpoint.ts";
import { checkNat } from "../../../src/behavior/check_nat.ts";
import type { CheckNatOptions } from "../../../src/behavior/check_options.ts";
import type { NatReport, TransportReport } from "../../../src/behavior/nat_report.ts";
import { rfc3489Of } from "../../../src/behavior/rfc3489.ts";
import { watch } from "../../fakes/fake_world.ts";
import type { NatWorld } from "../../fakes/nat_world.ts";

/** Three servers; the first offers RFC 5780 with {@linkcode OTHER}. */
export const SERVERS: readonly [Endpoint, Endpoint, Endpoint] = [
  { address: "198.51.100.1", port: 3478 },
  { address: "198.51.100.3", port: 3478 },
  { address: "198.51.100.4", port: 3478 },
];
/** Alternate endpoint of the first server. */
export const OTHER: Endpoint = { address: "198.51.100.2", port: 3479 };

/** Packets that a check may send at the most. */
export const SENDS_MAX = 60;

export function hostPorts(endpoints: readonly Endpoint[]): readonly HostPort[] {
  return endpoints.map(({ address, port }) => ({ host: address, port }));
}

/** Opens {@linkcode SERVERS}. */
export async function serveAll(world: NatWorld): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const [first, ...others] = SERVERS;
  stack.use(await world.serveStun(first, OTHER));
  for (const server of others) stack.use(await world.serveStun(server));
  return stack.move();
}

/** Runs a check to its end by the clock; it must leave nothing behind. */
export async function checkIn(
  world: NatWorld,
  options: Partial<CheckNatOptions> & { readonly endpoints?: readonly Endpoint[] } = {},
): Promise<NatReport> {
  const { endpoints = SERVERS, ...rest } = options;
  const list = hostPorts(endpoints);
  const open = world.net.open.size;
  const result = watch(
    checkNat({ platform: world.platform, servers: { udp: list, tcp: list }, ...rest }),
  );
  await world.clock.advance(12_000);
  if (result.error !== undefined) throw result.error;
  const report = result.value ?? assert.fail("still checking after 12 s");
  assert.equal(world.net.open.size, open, "sockets are left open");
  assert.equal(world.clock.pendingTimers, 0, "timers are left");
  for (const transport of [report.udp, report.tcp]) if (transport) assertWhole(transport);
  return report;
}

const FINDINGS = [
  "mapping",
  "filtering",
  "strangersGetIn",
  "hairpinning",
  "portPreservation",
  "parity",
  "allocation",
  "regular",
  "severalAddresses",
  "oneToOne",
  "blocked",
  "rfc3489",
] as const;

/** Every unknown has its reason beside it, and nothing contradicts itself. */
export function assertWhole(report: TransportReport): void {
  for (const finding of FINDINGS) {
    const reason = report[`${finding}Reason`];
    if (report[finding] === "unknown") assert.ok(reason, `${finding} is unknown, and nobody knows why`);
    const mayExplain = report[finding] === "unknown" || finding === "mapping" ||
      (finding === "filtering" && report.strangersGetIn === "no");
    assert.ok(mayExplain || reason === undefined, `${finding} is ${report[finding]} with a reason`);
  }
  assert.equal(report.suspicion === "none", report.suspicionReason === undefined);
  assert.equal(report.rfc3489, rfc3489Of(report));
  assert.equal(report.filtering === "unknown", report.filteringWay === undefined);
  if (report.filtering !== "unknown") {
    assert.equal(report.strangersGetIn, report.filtering === "endpoint-independent" ? "yes" : "no");
  }
}

/** The report on UDP. */
export function udpOf(report: NatReport): TransportReport {
  return report.udp ?? assert.fail("UDP was not checked");
}

/** The report on TCP. */
export function tcpOf(report: NatReport): TransportReport {
  return report.tcp ?? assert.fail("TCP was not checked");
}
