import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { type ClientEvent, isMappingNews, type MappingEvent } from "../core/mapping.ts";
import { formatBytes } from "../status/amounts.ts";
import { publisherName } from "../status/publisher_name.ts";
import type { LineTexts, Texts } from "../text/texts.ts";

/** Options for {@linkcode eventToLines}. */
export interface EventLineOptions {
  readonly texts: Texts;
  /** The tunnel serves the test page, so say how to reach it. @default {false} */
  readonly servesTestPage?: boolean;
}

/** What people read of an event: one line, and a second one where there is something to try. */
export function eventToLines(event: MappingEvent, options: EventLineOptions): readonly string[] {
  const { texts, servesTestPage = false } = options;
  const line = [localTime(event.at), event.protocol, ...subjectOf(event), verdictOf(event, texts.line)].join(
    "  ",
  );
  const isNew = isMappingNews(event);
  return isNew && servesTestPage
    ? [line, `  ${testLine(event.protocol, event.external, texts.line)}`]
    : [line];
}

/** Local time to the second, `2026-11-21 10:00:00`. */
export function localTime(at: Date): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  const date = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** What an event is about: its endpoints, none where there are none. */
export function subjectOf(event: MappingEvent): readonly string[] {
  switch (event.event) {
    case "mapped":
    case "changed":
    case "restored": {
      const target = event.target === undefined ? "" : ` -> ${formatEndpoint(event.target)}`;
      return [`${formatEndpoint(event.internal)} -> ${formatEndpoint(event.external)}${target}`];
    }
    case "lost":
      return event.external === undefined ? [] : [formatEndpoint(event.external)];
    case "checked":
    case "published":
    case "publish-failed":
      return [formatEndpoint(event.external)];
    case "unusable":
      return event.internal === undefined ? [] : [formatEndpoint(event.internal)];
    case "client":
      return [formatEndpoint(event.client)];
    case "hook":
    case "stopped":
      return [];
  }
}

/** What became of it. */
export function verdictOf(event: MappingEvent, line: LineTexts): string {
  switch (event.event) {
    case "changed":
      return line.changed(formatEndpoint(event.previous));
    case "lost":
      return line.lost(event.reason);
    case "unusable":
      return line.unusable(event.reason);
    case "checked":
      return event.reachability.state === "reachable"
        ? line.reachable
        : line.unverified(event.reachability.reason);
    case "hook":
      return event.status === undefined
        ? line.hookFailed(event.command, event.error ?? "")
        : line.hookEnded(event.command, event.status);
    case "published":
      return line.published(publisherName(event));
    case "publish-failed":
      return line.publishFailed(publisherName(event), event.reason);
    case "client":
      return clientVerdict(event, line);
    case "mapped":
    case "restored":
    case "stopped":
      return line[event.event];
  }
}

function clientVerdict(event: ClientEvent, line: LineTexts): string {
  const { state, local, target, reason = "", bytesIn = 0, bytesOut = 0, durationMs = 0 } = event;
  const words = Object.entries(line.clientReasons).find(([known]) => known === reason)?.[1] ?? reason;
  switch (state) {
    case "opened": {
      const ends = [local, target].filter((end) => end !== undefined).map(formatEndpoint);
      return line.clientOpened(ends.join(" -> ") || "-");
    }
    case "closed": {
      const amount = line.clientAmount(formatBytes(bytesIn), formatBytes(bytesOut));
      return line.clientClosed(words, line.clientLasted(amount, formatDuration(durationMs)));
    }
    case "refused":
      return line.clientRefused(words);
  }
}

/** `0.4 s`, `12 s`, `3 min`, `2.5 h`. */
function formatDuration(ms: number): string {
  if (ms < 9950) return `${Number((ms / 1000).toFixed(1))} s`;
  if (ms < 119_500) return `${Math.round(ms / 1000)} s`;
  return ms < 7_170_000 ? `${Math.round(ms / 60_000)} min` : `${Number((ms / 3_600_000).toFixed(1))} h`;
}

function testLine(protocol: MappingEvent["protocol"], external: Endpoint, line: LineTexts): string {
  const endpoint = formatEndpoint(external);
  return protocol === "tcp" ? line.testPage(`http://${endpoint}/`) : line.testDatagram(endpoint);
}
