import { formatEndpoint } from "../core/endpoint.ts";
import type { LifetimeProgress } from "../behavior/lifetime/measure_lifetime.ts";
import type { LifetimeEvidence, TransportLifetime } from "../behavior/lifetime/lifetime_report.ts";
import type { Texts } from "../text/texts.ts";
import { columnsOf, padColumns } from "./demo_layout.ts";

/** The reports as one JSON object; keys are in the order they are written. */
export function lifetimeToJson(reports: readonly TransportLifetime[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(reports.map((report) => [report.protocol, transportToJson(report)]));
}

function transportToJson(report: TransportLifetime): Readonly<Record<string, unknown>> {
  const { verdict, aliveMs, deadMs, reason, recommendedMs, way } = report;
  return {
    verdict,
    aliveMs: verdict === "unknown" ? undefined : Math.floor(aliveMs),
    deadMs: deadMs === undefined ? undefined : Math.ceil(deadMs),
    reason,
    recommendedMs,
    inboundRefresh: report.inboundRefresh,
    outboundRefresh: report.outboundRefresh,
    allocation: report.allocation,
    samePortAgain: report.samePortAgain,
    way,
    sockets: report.sockets,
    evidence: report.evidence.map(evidenceToJson),
  };
}

function evidenceToJson({ state, ageMs, server }: LifetimeEvidence): Readonly<Record<string, unknown>> {
  return { state, ageMs: Math.round(ageMs), server: server && formatEndpoint(server) };
}

/** A report for people. */
export function lifetimeLines(report: TransportLifetime, texts: Texts): readonly string[] {
  const { lifetime } = texts;
  const { rows, findings, allocations, seconds } = lifetime;
  const width = Math.max(...Object.values(rows).map(columnsOf));
  const line = (label: string, words: string): string => `  ${padColumns(label, width)}  ${words}`;
  const { way, recommendedMs, verdict } = report;
  return [
    `${report.protocol.toUpperCase()}`,
    line(rows.lifetime, lifetimeWords(report, texts)),
    ...(verdict === "unknown" ? [] : [
      line(rows.inbound, findings[report.inboundRefresh]),
      line(rows.outbound, findings[report.outboundRefresh]),
      line(rows.allocation, allocations[report.allocation]),
      line(rows.again, findings[report.samePortAgain]),
    ]),
    ...(recommendedMs === undefined
      ? []
      : [line(rows.interval, lifetime.rule(seconds(`${recommendedMs / 1000}`)))]),
    ...(way === undefined
      ? []
      : [line(rows.way, lifetime.looks(lifetime.ways[way], report.evidence.length, report.sockets))]),
  ];
}

function lifetimeWords({ verdict, aliveMs, deadMs, reason }: TransportLifetime, { lifetime }: Texts): string {
  const { between, atLeast, because, reasons, unknown } = lifetime;
  const words = verdict === "unknown"
    ? unknown
    : deadMs === undefined
    ? atLeast(lowerSeconds(aliveMs, lifetime.seconds))
    : between(lowerSeconds(aliveMs, lifetime.seconds), upperSeconds(deadMs, lifetime.seconds));
  return reason === undefined ? words : because(words, reasons[reason]);
}

/** What is known so far, on one line. */
export function progressLine(
  { protocol, elapsedMs, bracket }: LifetimeProgress,
  { lifetime }: Texts,
): string {
  const { aliveMs, deadMs } = bracket;
  return lifetime.progress(protocol, {
    elapsed: Math.round(elapsedMs / 1000),
    alive: lowerSeconds(aliveMs, lifetime.seconds),
    dead: deadMs === undefined ? undefined : upperSeconds(deadMs, lifetime.seconds),
  });
}

/** Rounded so that the interval never gets narrower than what was seen. */
function lowerSeconds(ms: number, seconds: (value: string) => string): string {
  return seconds((Math.floor(ms / 100) / 10).toFixed(1));
}

function upperSeconds(ms: number, seconds: (value: string) => string): string {
  return seconds((Math.ceil(ms / 100) / 10).toFixed(1));
}
