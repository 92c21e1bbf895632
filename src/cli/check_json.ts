import type { Evidence, NatReport, TransportReport } from "../behavior/nat_report.ts";
import type { Reason } from "../behavior/reason.ts";
import { formatEndpoint } from "../core/endpoint.ts";
import { adviceText, type CheckAdvice } from "../text/advice_texts.ts";
import type { Lang } from "../text/lang.ts";
import { layersOf } from "./check_layers.ts";
import type { RouterView } from "./check_router.ts";
import { verdictsOf } from "./check_verdict.ts";

/** What {@linkcode checkToJson} adds to the report. */
export interface CheckJsonParts {
  /** What to tell the user. */
  readonly advice: readonly CheckAdvice[];
  /** The user's own router. */
  readonly view: RouterView;
  /** Language of the advice. */
  readonly lang: Lang;
}

/** The report as one JSON object; keys are in the order they are written, and those without a value are left out. */
export function checkToJson(
  report: NatReport,
  { advice, view, lang }: CheckJsonParts,
): Readonly<Record<string, unknown>> {
  const { udp, tcp, family, local, at, elapsedMs, sends } = report;
  const verdicts = verdictsOf(report);
  const part = (one: TransportReport | undefined): Readonly<Record<string, unknown>> | undefined =>
    one && {
      ...transportToJson(one),
      outlook: verdicts.find(({ protocol }) => protocol === one.protocol)?.outlook,
      evidence: one.evidence.map(evidenceToJson),
    };
  return {
    udp: part(udp),
    tcp: part(tcp),
    advice: advice.map((one) => adviceText(one, lang)),
    adviceCodes: advice.map(({ code }) => code),
    family,
    local: {
      address: local.address,
      scope: local.scope,
      router: view.router,
      routerExternal: view.far,
      layers: layersOf(report, view),
    },
    at: at.toISOString(),
    elapsedMs: Math.round(elapsedMs),
    sends,
  };
}

/** The fields that were promised first; each `…Reason` stands beside an `unknown`, with its code for programs. */
function transportToJson(one: TransportReport): Readonly<Record<string, unknown>> {
  return {
    mapping: one.mapping,
    ...because("mapping", one.mappingReason),
    filtering: one.filtering,
    ...because("filtering", one.filteringReason),
    filteringWay: one.filteringWay,
    hairpinning: one.hairpinning,
    ...because("hairpinning", one.hairpinningReason),
    portPreservation: one.portPreservation,
    ...because("portPreservation", one.portPreservationReason),
    external: one.external && formatEndpoint(one.external),
    rfc3489: one.rfc3489,
    ...because("rfc3489", one.rfc3489Reason),
    internal: one.internal && formatEndpoint(one.internal),
    externals: one.externals.map((endpoint) => formatEndpoint(endpoint)),
    externalScope: one.scope,
    strangersGetIn: one.strangersGetIn,
    ...because("strangersGetIn", one.strangersGetInReason),
    parity: one.parity,
    ...because("parity", one.parityReason),
    allocation: one.allocation,
    ...because("allocation", one.allocationReason),
    portDifferences: one.portDifferences,
    regular: one.regular,
    ...because("regular", one.regularReason),
    severalAddresses: one.severalAddresses,
    ...because("severalAddresses", one.severalAddressesReason),
    oneToOne: one.oneToOne,
    ...because("oneToOne", one.oneToOneReason),
    blocked: one.blocked,
    ...because("blocked", one.blockedReason),
    suspicion: one.suspicion,
    ...because("suspicion", one.suspicionReason),
    error: one.bindError?.message,
  };
}

function because(finding: string, reason: Reason | undefined): Readonly<Record<string, string>> {
  return reason === undefined
    ? {}
    : { [`${finding}Reason`]: reason.text, [`${finding}ReasonCode`]: reason.code };
}

function evidenceToJson(one: Evidence): Readonly<Record<string, unknown>> {
  return {
    purpose: one.purpose,
    asked: formatEndpoint(one.asked),
    server: one.server && formatEndpoint(one.server),
    local: one.local && formatEndpoint(one.local),
    outcome: one.outcome,
    seen: one.seen && formatEndpoint(one.seen),
    otherAddress: one.otherAddress && formatEndpoint(one.otherAddress),
    rttMs: one.rttMs === undefined ? undefined : Math.round(one.rttMs * 100) / 100,
    note: one.note,
  };
}
