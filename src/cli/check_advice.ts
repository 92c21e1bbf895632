import type { NatReport, TransportReport } from "../behavior/nat_report.ts";
import type { Family } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { CheckAdvice, FilteredKind } from "../text/advice_texts.ts";
import { type Layers, layersOf } from "./check_layers.ts";
import { type CheckVerdict, transportsOf, verdictsOf } from "./check_verdict.ts";

/** What is known besides the report. */
export interface CheckSurroundings {
  /** The port that the user means to open. */
  readonly port?: number | undefined;
  /** The default gateway. */
  readonly router?: string | undefined;
  /** The address that it has on its far side. */
  readonly far?: string | undefined;
  /** This host has a way out over the IP version that was not looked at, and that is IPv6. */
  readonly hasIpv6?: boolean | undefined;
}

/** What each advice about a port says. */
interface Place {
  readonly port: number | undefined;
  readonly address: string | undefined;
  readonly router: string | undefined;
  readonly family: Family;
}

/** One transport with what it means. */
interface Seen {
  readonly report: TransportReport;
  readonly verdict: CheckVerdict;
}

/**
 * What to tell the user, the most important first. Pure: everything rests on what the report has seen, and nothing is
 * said twice.
 */
export function adviceFor(report: NatReport, surroundings: CheckSurroundings): readonly CheckAdvice[] {
  const { family, local: { address, scope } } = report;
  const verdicts = verdictsOf(report);
  const seen = transportsOf(report).flatMap((one): readonly Seen[] => {
    const verdict = verdicts.find(({ protocol }) => protocol === one.protocol);
    return verdict === undefined ? [] : [{ report: one, verdict }];
  });
  const hasRouter = scope === "private";
  const layers = layersOf(report, surroundings);
  const place = { port: surroundings.port, address, router: surroundings.router, family };
  return [
    ...obstacles(seen, surroundings),
    ...proxies(seen),
    ...openings(seen.filter(({ verdict: { outlook } }) => outlook === "works"), place),
    ...layer(seen, { place, layers, far: surroundings.far }),
    ...filters(seen, { place, hasRouter, layers }),
    ...symmetric(seen, { family, hasRouter, layers }),
    ...unseen(seen, place),
    ...asides(seen, place),
  ];
}

function protocolsOf(seen: readonly Seen[]): readonly Protocol[] {
  return seen.map(({ verdict }) => verdict.protocol);
}

/** An advice for those transports that something is true of; none if there are none. */
function about<T>(
  seen: readonly Seen[],
  isMeant: (one: Seen) => boolean,
  make: (protocols: readonly Protocol[], first: Seen) => T,
): readonly T[] {
  const meant = seen.filter(isMeant);
  const [first] = meant;
  return first === undefined ? [] : [make(protocolsOf(meant), first)];
}

/** Why nothing could be seen. */
function obstacles(seen: readonly Seen[], { hasIpv6 = false }: CheckSurroundings): readonly CheckAdvice[] {
  const reasonIs = (...codes: readonly string[]) => ({ report: { mapping, mappingReason } }: Seen): boolean =>
    mapping === "unknown" && codes.includes(mappingReason?.code ?? "");
  const isSilent = ({ report }: Seen): boolean =>
    report.blocked === "yes" || reasonIs("no-answer")({ report, verdict: noVerdict });
  const hint: readonly CheckAdvice[] = hasIpv6 ? [{ code: "try-ipv6" }] : [];
  if (seen.length > 0 && seen.every(reasonIs("no-route"))) return [{ code: "no-route" }, ...hint];
  if (seen.length > 0 && seen.every(reasonIs("no-server"))) return [{ code: "no-server" }, ...hint];
  if (seen.length > 1 && seen.every(isSilent)) return [{ code: "offline" }];
  const answered = seen.find(({ report }) => report.mapping !== "unknown")?.verdict.protocol;
  return [
    ...about(seen, ({ report }) => report.bindError !== undefined, (protocols, { report }): CheckAdvice => ({
      ...{ code: "bind-failed", protocols, detail: report.bindError?.message ?? "" },
    })),
    ...about(seen, ({ report }) => report.blocked === "yes", (protocols): CheckAdvice => ({
      ...{ code: "blocked", protocols, other: answered },
    })),
    ...about(
      seen,
      (one) => one.report.blocked !== "yes" && reasonIs("no-answer", "few-answers", "no-server")(one),
      (protocols): CheckAdvice => ({ code: "stun-dead", protocols }),
    ),
    ...about(
      seen,
      (one) => reasonIs("time-up")(one) || one.report.filteringReason?.code === "time-up",
      (protocols): CheckAdvice => ({ code: "time-up", protocols }),
    ),
  ];
}

const noVerdict: CheckVerdict = { protocol: "udp", outlook: "unknown", kind: "unknown" };

const PROXIES = [
  ["fake-ip", "proxy-fake-ip"],
  ["answers-for-nobody", "proxy-accepts-all"],
  ["too-fast", "proxy-too-fast"],
  ["contradicted", "contradicted"],
] as const;

function proxies(seen: readonly Seen[]): readonly CheckAdvice[] {
  const signs = PROXIES.flatMap(([suspicion, code]) =>
    about(seen, ({ report }) => report.suspicion === suspicion, (protocols, { report }): CheckAdvice => {
      const reason = report.suspicionReason;
      return { code, protocols, detail: reason?.detail ?? reason?.text ?? "" };
    })
  );
  return signs.length === 0 ? [] : [...signs, { code: "bypass-proxy" }];
}

/** Where porthole works, or is not needed. */
function openings(seen: readonly Seen[], place: Place): readonly CheckAdvice[] {
  return (["open-internet", "one-to-one", "full-cone"] as const).flatMap((code) =>
    about(
      seen,
      ({ verdict: { kind } }) => kind === code,
      (protocols): CheckAdvice => ({ ...place, code, protocols }),
    )
  );
}

/** How many NATs there are matters where not everybody gets in. */
function layer(
  seen: readonly Seen[],
  { place, layers, far }: {
    readonly place: Place;
    readonly layers: Layers;
    readonly far: string | undefined;
  },
): readonly CheckAdvice[] {
  const { router } = place;
  if (layers === "unknown" || router === undefined || far === undefined) return [];
  return about(
    seen,
    ({ report: { mapping }, verdict: { outlook } }) => mapping !== "unknown" && outlook !== "works",
    (protocols): CheckAdvice =>
      layers === "modem"
        ? { ...place, code: "modem-layer", protocols, router, far }
        : { code: layers === "one" ? "one-layer" : "carrier-layer", router, far },
  );
}

interface Behind {
  readonly layers: Layers;
  readonly place: Place;
  /** A router of the user's own stands before this host. */
  readonly hasRouter: boolean;
}

const FILTERED: readonly FilteredKind[] = ["restricted", "port-restricted", "filtered-cone"];

/** Who filters is not known from one host; what can be done is, in the order of trouble it makes. */
function filters(seen: readonly Seen[], { place, hasRouter, layers }: Behind): readonly CheckAdvice[] {
  const walls = about(
    seen,
    ({ verdict: { kind } }) => kind === "symmetric-udp-firewall",
    (protocols): CheckAdvice => ({ ...place, code: "firewall", protocols }),
  );
  const filtered = FILTERED.flatMap((kind) =>
    about(
      seen,
      ({ verdict }) => verdict.kind === kind,
      (protocols): CheckAdvice => ({ code: "filtered", protocols, kind, hasRouter }),
    )
  );
  if (filtered.length === 0) return walls;
  // What is unlikely to work is behind the same router.
  const protocols = protocolsOf(
    seen.filter(({ verdict: { kind, outlook } }) =>
      outlook === "unlikely" || FILTERED.some((one) => one === kind)
    ),
  );
  const router: readonly CheckAdvice[] = hasRouter
    ? [
      { ...place, code: "port-forward", protocols },
      { ...place, code: "ask-router", protocols },
      { ...place, code: "dmz", protocols },
      ...bridge(layers),
    ]
    : [];
  return [
    ...walls,
    ...filtered,
    ...router,
    { code: "host-firewall" },
    ...carrier(place.family, layers),
  ];
}

function symmetric(
  seen: readonly Seen[],
  { family, hasRouter, layers }: {
    readonly family: Family;
    readonly hasRouter: boolean;
    readonly layers: Layers;
  },
): readonly CheckAdvice[] {
  const found = about(
    seen,
    ({ verdict: { kind } }) => kind === "symmetric",
    (protocols): CheckAdvice => ({ code: "symmetric", protocols }),
  );
  if (found.length === 0) return [];
  const hasSaid = seen.some(({ verdict: { kind } }) => FILTERED.some((one) => one === kind));
  return [
    ...found,
    ...(hasRouter ? [{ code: "symmetric-router" } as const] : []),
    ...(hasRouter && !hasSaid ? bridge(layers) : []),
    { code: "another-uplink" },
    ...(hasSaid ? [] : carrier(family, layers)),
  ];
}

/** A router that dials itself, as its far side shows, has no modem before it that could be a bridge. */
function bridge(layers: Layers): readonly CheckAdvice[] {
  return layers === "one" || layers === "carrier" ? [] : [{ code: "bridge-mode" }];
}

function carrier(family: Family, layers: Layers): readonly CheckAdvice[] {
  if (family !== 4) return [];
  return layers === "one" ? [{ code: "try-ipv6" }] : [{ code: "ask-carrier" }, { code: "try-ipv6" }];
}

/** Somebody outside was asked, and that was not enough. */
const OUTSIDE = [["outside-unsure", "outside-unsure"], ["known-got-in", "reflector-known"]] as const;

/** What nobody could see, and how it could be. */
function unseen(seen: readonly Seen[], place: Place): readonly CheckAdvice[] {
  const open = seen.filter(({ report: { strangersGetIn }, verdict: { outlook } }) =>
    strangersGetIn === "unknown" && (outlook === "maybe" || outlook === "unlikely")
  );
  const asked = OUTSIDE.flatMap(([reason, code]): readonly CheckAdvice[] => {
    const told = open.find(({ report }) => report.filteringReason?.code === reason)?.report.filteringReason;
    return told === undefined ? [] : [{ code, detail: told.detail ?? told.text }];
  });
  const lacksServer = open.some(({ report }) =>
    report.protocol === "udp" &&
    ["no-rfc5780", "not-honoured", "refused", "too-late"].includes(report.filteringReason?.code ?? "")
  );
  return [
    ...about(open, () => asked.length === 0, (protocols): CheckAdvice => ({
      ...{ ...place, code: "filtering-unknown", protocols },
    })),
    ...asked,
    ...(lacksServer ? [{ code: "no-rfc5780" } as const] : []),
  ];
}

/** What is worth knowing besides. */
function asides(seen: readonly Seen[], place: Place): readonly CheckAdvice[] {
  const inner = seen.find(({ report: { scope } }) => scope === "cgn" || scope === "private")?.report;
  const hidden = inner?.external === undefined || inner.scope === undefined
    ? []
    : [{ code: "inner-nat", external: inner.external.address, scope: inner.scope } as const];
  return [
    ...hidden,
    ...about(
      seen,
      ({ report }) => report.severalAddresses === "yes" && report.suspicion === "none",
      (protocols): CheckAdvice => ({
        ...{ code: "several-addresses", protocols, addresses: addressesOf(seen) },
      }),
    ),
    ...about(
      seen,
      ({ report, verdict }) =>
        report.hairpinning === "no" && (verdict.outlook === "works" || verdict.outlook === "maybe"),
      (protocols): CheckAdvice => ({ ...place, code: "no-hairpin", protocols }),
    ),
  ];
}

function addressesOf(seen: readonly Seen[]): readonly string[] {
  const all = seen.filter(({ report }) => report.severalAddresses === "yes").flatMap(({ report }) => [
    ...report.externals.map(({ address }) => address),
    ...report.evidence.flatMap((one) =>
      one.purpose === "ports" && one.seen !== undefined ? [one.seen.address] : []
    ),
  ]);
  return [...new Set(all)];
}
