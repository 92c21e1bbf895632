import assert from "node:assert/strict";
import { formatFault } from "../../../../src/config/config_fault.ts";
import { parseConfig } from "../../../../src/config/parse_config.ts";
import { Secret } from "../../../../src/core/secret.ts";
import { planService } from "../../../../src/plan/plan_service.ts";
import type { PublisherOptions } from "../../../../src/publish/options.ts";

const host = { host: "h.example", port: 80 };
const OPTIONS = {
  defaults: { stunTcp: [host], stunUdp: [host], keepAliveHosts: [host] },
  baseDirectory: "/etc/p",
  secretOf: (text: string): Secret | undefined => text === "env:GONE" ? undefined : new Secret(text),
};

/** Options for {@linkcode planEntry}. */
export interface PlanEntryOptions {
  /** Of the tunnel. @default {"tcp"} */
  readonly protocol?: "tcp" | "udp";
}

/** One entry of `publish`, written into a file, read and planned: what it became, or what is wrong with it. */
export function planEntry(
  entry: unknown,
  { protocol = "tcp" }: PlanEntryOptions = {},
): PublisherOptions | readonly string[] {
  const parsed = parseConfig(JSON.stringify({ tunnels: [{ protocol, publish: [entry] }] }));
  if (parsed.kind !== "config") return parsed.faults.map(wordsOf);
  const planned = planService(parsed.config, { ...OPTIONS, placeOf: parsed.source.placeOf });
  if (planned.kind !== "plan") return planned.faults.map(wordsOf);
  const [publisher] = planned.plan.tunnels[0]?.publish ?? [];
  assert.ok(publisher !== undefined, "nothing is planned, and nothing refused");
  return publisher;
}

/** Path below the entry, and message. */
function wordsOf(fault: Parameters<typeof formatFault>[0]): string {
  return formatFault(fault).replace(/^\d+:\d+: tunnels\[0\]\.publish\[0\](\.|: )?/, "");
}
