import assert from "node:assert/strict";
import type { VisitReport } from "./agent_protocol.ts";
import type { CaseContext } from "./lab_case.ts";
import type { Porthole } from "./porthole.ts";

/** How long recovery may take before a case fails; what it took is in the table. */
export const RECOVERY_LIMIT_MS = 15_000;

/** Lets a stranger visit an endpoint, over the case's protocol. */
export function visit(
  context: CaseContext,
  to: string,
  options: { timeoutMs?: number; count?: number } = {},
): Promise<VisitReport> {
  const { timeoutMs = 2000, count = 1 } = options;
  const operation = context.protocol === "tcp" ? "visitTcp" : "visitUdp";
  return context.lab.agent("visitor").call(operation, { to, timeoutMs, count });
}

/** @throws {AssertionError} If a stranger is not served by the test page. */
export async function assertServed(context: CaseContext, porthole: Porthole): Promise<void> {
  const to = porthole.external ?? "";
  const report = await visit(context, to);
  if (report.served !== 1) throw porthole.failure(`visitor at ${to} was not served: ${report.error}`);
  assert.match(report.text, /It works!/);
}

/**
 * Visits whatever endpoint is announced until a stranger is served.
 *
 * @param isFresh Whether an announced endpoint may count; a restart deals ports anew, so the old one must not.
 * @returns Seconds since `since`.
 */
export async function secondsUntilServed(
  context: CaseContext,
  porthole: Porthole,
  options: { since: number; isFresh: (external: string) => boolean; limitMs?: number },
): Promise<number> {
  const { since, isFresh, limitMs = RECOVERY_LIMIT_MS } = options;
  while (performance.now() < since + limitMs) {
    const to = porthole.external;
    if (to !== undefined && isFresh(to)) {
      const report = await visit(context, to, { timeoutMs: 350 });
      if (report.served === 1) return (performance.now() - since) / 1000;
    }
    await context.pause(20);
  }
  throw porthole.failure(`no visitor was served within ${limitMs / 1000} s`);
}

/**
 * Visits the announced endpoint twice a second for a while.
 *
 * @throws {Error} If one visitor was turned away, or the program announced anything meanwhile.
 */
export async function assertServedThroughout(
  context: CaseContext,
  porthole: Porthole,
  durationMs: number,
): Promise<void> {
  const start = performance.now();
  const to = porthole.external ?? "";
  let visits = 0;
  while (performance.now() - start < durationMs) {
    const report = await visit(context, to, { timeoutMs: 1500 });
    visits++;
    if (report.served !== 1) throw porthole.failure(`visitor ${visits} was not served: ${report.error}`);
    await context.pause(500);
  }
  const said = porthole.events.find(({ event, readAt }) =>
    readAt > start && ["changed", "lost", "unusable", "stopped"].includes(event)
  );
  if (said) throw porthole.failure(`it said ${said.event} although the mapping was there all the time`);
}
