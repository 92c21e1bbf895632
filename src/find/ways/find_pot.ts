import { findPotEntries, type PotEntry } from "../../core/pot.ts";
import { shortest } from "../name_lookup.ts";
import { NO_ADDRESS, nothing, type WayContext, type WayOutcome } from "./way.ts";

/** Keys named in a message; there can be hundreds. */
const MOST_KEYS = 8;

/**
 * Finds a port in the name's TXT record ("port over TXT"), its address being that of the name. Other TXT records beside
 * it (SPF, verifications) do not matter. Without a service a content with one entry is meant.
 */
export async function findPot({ question, lookup }: WayContext): Promise<WayOutcome> {
  const { name, service } = question;
  const answer = await lookup.records(name, "TXT");
  const texts = answer.records.flatMap((data) => data.type === "TXT" ? [data.strings.join("")] : []);
  if (texts.length === 0) return nothing("it has no TXT record");
  const entries = texts.flatMap(findPotEntries);
  if (entries.length === 0) return nothing("there is no POT content in its TXT record");
  const entry = service === undefined ? onlyOne(entries) : entries.find(({ key }) => key === service.potKey);
  if (entry === undefined) {
    const keys = keysOf(entries);
    return nothing(
      service === undefined
        ? `its POT content names several services (${keys}), so say which`
        : `its POT content names ${keys}, but not ${service.potKey ?? service.text}`,
    );
  }
  const host = await lookup.addresses(name);
  if (host.addresses.length === 0) return nothing(NO_ADDRESS);
  return {
    kind: "found",
    endpoints: host.addresses.map((address) => ({ address, port: entry.port })),
    ttlSeconds: shortest([answer.ttlSeconds, host.ttlSeconds]),
    evidence: [`TXT ${name} ${entry.key}:${entry.port}`, ...host.evidence],
  };
}

function onlyOne(entries: readonly PotEntry[]): PotEntry | undefined {
  return entries.every(({ key }) => key === entries[0]?.key) ? entries[0] : undefined;
}

function keysOf(entries: readonly PotEntry[]): string {
  const keys = [...new Set(entries.map(({ key }) => key))];
  const more = keys.length > MOST_KEYS ? ", …" : "";
  return keys.slice(0, MOST_KEYS).join(", ") + more;
}
