import type { Evidence, NatReport, TransportReport } from "../behavior/nat_report.ts";
import type { Reason } from "../behavior/reason.ts";
import { scopeOf } from "../core/address_scope.ts";
import { formatEndpoint } from "../core/endpoint.ts";
import { adviceText, type CheckAdvice } from "../text/advice_texts.ts";
import type { CheckRow, CheckTexts } from "../text/check_texts.ts";
import type { Texts } from "../text/texts.ts";
import type { RouterView } from "./check_router.ts";
import { type CheckVerdict, transportsOf, verdictsOf } from "./check_verdict.ts";
import { columnsOf, padColumns } from "./demo_layout.ts";

/** What {@linkcode checkLines} adds to the report. */
export interface CheckLinesParts {
  /** What to tell the user. */
  readonly advice: readonly CheckAdvice[];
  /** The user's own router. */
  readonly view: RouterView;
  /** Whether everything that was asked is listed. */
  readonly isVerbose: boolean;
  readonly texts: Texts;
}

/** The report for people: verdict, findings by transport, evidence if wanted, advice. */
export function checkLines(report: NatReport, parts: CheckLinesParts): readonly string[] {
  const { advice, isVerbose, texts: { check: texts, lang } } = parts;
  const lines = [...verdictLines(verdictsOf(report), texts)];
  // Of nothing seen, the verdict has said why.
  if (transportsOf(report).some(({ external }) => external !== undefined)) {
    lines.push("", ...findingLines(report, parts));
  }
  if (isVerbose) lines.push("", texts.evidence, ...evidenceLines(report));
  if (advice.length > 0) {
    lines.push("", texts.heading, ...advice.map((one) => `  * ${adviceText(one, lang)}`));
  }
  return lines;
}

/** A line for all transports that the same can be said of. */
function verdictLines(verdicts: readonly CheckVerdict[], texts: CheckTexts): readonly string[] {
  const groups = new Map<string, readonly CheckVerdict[]>();
  for (const verdict of verdicts) {
    const key = `${verdict.outlook} ${verdict.kind} ${verdict.reason?.text}`;
    groups.set(key, [...groups.get(key) ?? [], verdict]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { outlook, kind, reason } = first;
    const known = texts.kinds[kind];
    const words = reason === undefined
      ? known
      : kind === "unknown"
      ? reasonText(reason, texts)
      : texts.butUnknown(known, reasonText(reason, texts));
    const on = group.map(({ protocol }) => protocol.toUpperCase()).join(texts.and);
    return [texts.verdicts[outlook](on, words)];
  });
}

/** A reason in the language of the catalogue. */
export function reasonText({ code, detail }: Reason, texts: CheckTexts): string {
  const clause = texts.reasons[code];
  return detail === undefined ? clause : texts.detail(clause, detail);
}

function findingLines(
  report: NatReport,
  { view: { router, far }, texts: { check: texts } }: CheckLinesParts,
): readonly string[] {
  const { local: { address, scope } } = report;
  const transports = transportsOf(report);
  const kinds = new Map(verdictsOf(report).map(({ protocol, kind }) => [protocol, kind]));
  const cells: readonly (readonly string[])[] = [
    ["", ...transports.map(({ protocol }) => protocol.toUpperCase())],
    [texts.rows.kind, ...transports.map((one) => texts.kinds[kinds.get(one.protocol) ?? "unknown"])],
    ...ROWS.map((row) => [texts.rows[row], ...transports.map((one) => cellOf(row, one, texts))]),
  ];
  const own = address === undefined
    ? []
    : [[texts.local, texts.detail(address, texts.scopes[scope ?? "global"])]];
  const gateway = router === undefined ? [] : [[
    texts.router,
    far === undefined ? router : texts.detail(router, texts.farSide(far, texts.scopes[scopeOf(far)])),
  ]];
  const head = [...own, ...gateway];
  const widths = [0, 1].map((column) =>
    Math.max(
      ...(column === 0 ? [...head, ...cells] : cells).map((row) => columnsOf(row[column] ?? "")),
    )
  );
  return [
    ...[...head, ...cells].map((row) =>
      row.map((cell, i) => padColumns(cell, widths[i] ?? 0)).join("  ").trimEnd()
    ),
    ...reasonLines(transports, texts),
  ];
}

const ROWS = [
  "external",
  "mapping",
  "filtering",
  "strangers",
  "hairpinning",
  "ports",
  "addresses",
  "proxy",
] as const;

function cellOf(row: Exclude<CheckRow, "kind">, one: TransportReport, texts: CheckTexts): string {
  const { findings, behaviors } = texts;
  switch (row) {
    case "external": {
      const { external, scope } = one;
      if (external === undefined) return findings.unknown;
      const text = formatEndpoint(external);
      return scope === undefined || scope === "global" ? text : texts.detail(text, texts.scopes[scope]);
    }
    case "mapping":
      return behaviors[one.mapping];
    case "filtering":
      return behaviors[one.filtering];
    case "strangers":
      return findings[one.strangersGetIn];
    case "hairpinning":
      return findings[one.hairpinning];
    case "ports":
      return texts.allocations[one.allocation];
    case "addresses":
      return one.severalAddresses === "unknown"
        ? findings.unknown
        : one.severalAddresses === "yes"
        ? texts.several
        : texts.oneAddress;
    case "proxy":
      return texts.suspicions[one.suspicion];
  }
}

const EXPLAINED = [
  ["mapping", "mapping"],
  ["filtering", "filtering"],
  ["strangers", "strangersGetIn"],
  ["hairpinning", "hairpinning"],
  ["ports", "allocation"],
  ["addresses", "severalAddresses"],
  ["proxy", "suspicion"],
] as const;

/** Why something is unknown, once for each transport and reason; without the mapping nothing else can be known. */
function reasonLines(transports: readonly TransportReport[], texts: CheckTexts): readonly string[] {
  const lines = transports.flatMap((one) => {
    const rows = new Map<string, string[]>();
    for (const [row, finding] of one.mapping === "unknown" ? EXPLAINED.slice(0, 1) : EXPLAINED) {
      const reason = one[`${finding}Reason`];
      if (reason === undefined) continue;
      const text = reasonText(reason, texts);
      rows.set(text, [...rows.get(text) ?? [], texts.rows[row]]);
    }
    return [...rows].map(([text, names]) =>
      `  ${texts.because(`${one.protocol.toUpperCase()} ${names.join(texts.joiner)}`, text)}`
    );
  });
  return lines.length === 0 ? [] : ["", ...lines];
}

function evidenceLines(report: NatReport): readonly string[] {
  const rows = transportsOf(report).flatMap(({ evidence }) => evidence.map(evidenceCells));
  const widths = [0, 1, 2, 3, 4, 5].map((column) =>
    Math.max(0, ...rows.map((row) => columnsOf(row[column] ?? "")))
  );
  return rows.map((row) =>
    `  ${row.map((cell, i) => padColumns(cell, widths[i] ?? 0)).join("  ").trimEnd()}`
  );
}

/** In English words, as they are those of the JSON. */
function evidenceCells(one: Evidence): readonly string[] {
  const { protocol, purpose, local, asked, outcome, seen, rttMs, otherAddress, note } = one;
  const more = [
    ...(rttMs === undefined ? [] : [`${rttMs.toFixed(1)} ms`]),
    ...(otherAddress === undefined ? [] : [`other address ${formatEndpoint(otherAddress)}`]),
    ...(note === undefined ? [] : [note]),
  ];
  return [
    `${protocol} ${purpose}`,
    local === undefined ? "-" : formatEndpoint(local),
    `-> ${formatEndpoint(asked)}`,
    outcome,
    seen === undefined ? "" : formatEndpoint(seen),
    more.join(", "),
  ];
}
