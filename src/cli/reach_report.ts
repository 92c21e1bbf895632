import { formatEndpoint } from "../core/endpoint.ts";
import type { ReachReport } from "../reach/check_reach.ts";
import type { Finding, OutsideFinding } from "../reach/evidence.ts";
import type { ReachVerdictTexts } from "../text/reach_verdict_texts.ts";
import type { Texts } from "../text/texts.ts";
import { columnsOf, padColumns } from "./demo_layout.ts";

/** The report as one JSON object; keys are in the order they are written. */
export function reachToJson(report: ReachReport, texts: Texts): Readonly<Record<string, unknown>> {
  const { endpoint, protocol, evidence: { target, hairpin, outside }, judgement } = report;
  return {
    endpoint: formatEndpoint(endpoint),
    protocol,
    verdict: judgement.verdict,
    filtering: judgement.proof,
    target: target && findingToJson(target),
    hairpin: findingToJson(hairpin),
    outside: outside.map((finding) => ({
      witness: finding.witness,
      kind: finding.kind,
      ...findingToJson(finding),
      seen: finding.seen,
      fromAskedAddress: finding.fromAskedAddress,
    })),
    advice: verdictOf(report, texts).steps,
  };
}

function findingToJson({ state, reason, detail, ms, from }: Finding): Readonly<Record<string, unknown>> {
  return {
    state,
    reason,
    detail,
    ms: ms === undefined ? undefined : Math.round(ms * 10) / 10,
    from: from && formatEndpoint(from),
  };
}

/** The report for people: a line for each look, the verdict, and what to do. */
export function reachLines(report: ReachReport, texts: Texts): readonly string[] {
  const { endpoint, protocol, evidence: { target, hairpin, outside } } = report;
  const { labels, states } = texts.reach;
  const witnessOf = ({ kind, witness }: OutsideFinding): string =>
    kind === "public" ? witness : labels.reflector;
  const width = Math.max(...[...Object.values(labels), ...outside.map(witnessOf)].map(columnsOf));
  const stateWidth = Math.max(...Object.values(states).map(columnsOf));
  const line = (label: string, finding: Finding, words: readonly string[]): string => {
    const state = padColumns(states[finding.state], stateWidth);
    return `${padColumns(label, width)}  ${state}  ${words.join(texts.reach.between)}`;
  };
  const verdict = verdictOf(report, texts);
  return [
    `${padColumns(labels.endpoint, width)}  ${formatEndpoint(endpoint)} (${protocol})`,
    ...(target === undefined ? [] : [line(labels.target, target, [reasonOf(target, texts)])]),
    line(labels.hairpin, hairpin, [reasonOf(hairpin, texts)]),
    ...outside.map((finding) => line(witnessOf(finding), finding, outsideWords(finding, texts))),
    `${padColumns(labels.verdict, width)}  ${verdict.line}`,
    ...verdict.steps.map((step) => `  * ${step}`),
  ];
}

function outsideWords(finding: OutsideFinding, texts: Texts): readonly string[] {
  const { kind, reason, seen, fromAskedAddress, from } = finding;
  const { notes } = texts.reach;
  const words = [reasonOf(finding, texts)];
  if (reason === "failed" || reason === "other-address") return words;
  if (kind === "public") return seen === undefined ? [...words, notes.unnamed] : words;
  const origin = fromAskedAddress ? notes.asked : notes.notAsked;
  return [...words, from === undefined ? origin : `${origin} (${formatEndpoint(from)})`];
}

function reasonOf(finding: Finding & Partial<Pick<OutsideFinding, "seen">>, texts: Texts): string {
  const { reason, detail, seen } = finding;
  const { reasons, otherAddress, failed } = texts.reach;
  if (reason === "failed") return failed(detail ?? "");
  return reason === "other-address" ? otherAddress(seen ?? "") : reasons[reason];
}

/** The words that fit: what else was seen decides what is worth saying. */
function verdictOf({ protocol, evidence, judgement }: ReachReport, texts: Texts): ReachVerdictTexts {
  const { verdicts } = texts.reach;
  const { verdict, proof } = judgement;
  if (verdict === "open") {
    if (proof === "endpoint-independent") return verdicts["open-to-all"];
    return proof === "not-port-restricted" ? verdicts["open-to-asked"] : verdicts.open;
  }
  if (verdict !== "unknown") return verdicts[verdict];
  const { hairpin, outside } = evidence;
  if (hairpin.state === "yes") return verdicts["unknown-inside"];
  if (protocol === "udp" && [hairpin, ...outside].some(({ reason }) => reason === "silent")) {
    return verdicts["unknown-udp"];
  }
  return outside.length === 0 ? verdicts["unknown-unasked"] : verdicts.unknown;
}
