import type { ConfigPath } from "../../config/config_fault.ts";
import type { PublisherOptions, RecordPlan } from "../../publish/options.ts";
import { recordPlace } from "../../publish/record_place.ts";
import type { Refusals } from "../refusals.ts";

/** A publisher and where it comes from. */
export interface PlacedPublisher {
  /** As planned. */
  readonly options: PublisherOptions;
  /** Of its entry. */
  readonly path: ConfigPath;
}

/** What of the DNS one tunnel wants for itself. */
interface Claim {
  /** Index of the tunnel. */
  readonly tunnel: number;
  readonly path: ConfigPath;
}

/**
 * Refuses records that two tunnels would keep at one place, each with its own port, so that the last to change would win:
 * SRV, HTTPS, SVCB, TXT with a text, and one service of a "port over TXT" record. Addresses of one name may be kept by
 * many. Each fault names both places.
 *
 * @param tunnels The publishers of each tunnel.
 */
export function refuseSharedRecords(
  tunnels: readonly (readonly PlacedPublisher[])[],
  refusals: Refusals,
): void {
  const wholes = new Map<string, Claim>();
  const services = new Map<string, Claim>();
  for (const { owner, service, claim, words } of tunnels.flatMap(claimsOf)) {
    // A text of one's own leaves no room for services, and the other way round.
    const others = service === undefined
      ? [wholes.get(owner), services.get(owner)]
      : [wholes.get(owner), services.get(`${owner} ${service}`)];
    const other = others.find((one) => one !== undefined && one.tunnel !== claim.tunnel);
    if (other !== undefined) {
      const place = refusals.where(other.path);
      refusals.refuse(claim.path, `${words} is kept by ${place} too; give one of them another name`);
    }
    const claims = service === undefined ? wholes : services;
    for (const key of service === undefined ? [owner] : [owner, `${owner} ${service}`]) {
      if (!claims.has(key)) claims.set(key, claim);
    }
  }
}

function claimsOf(publishers: readonly PlacedPublisher[], tunnel: number): readonly {
  readonly owner: string;
  readonly service: string | undefined;
  readonly claim: Claim;
  readonly words: string;
}[] {
  return publishers.flatMap(({ options, path }) => {
    if (!("records" in options)) return [];
    const place = recordPlace(options);
    return options.records.filter(({ type }) => type !== "A" && type !== "AAAA").map((plan) => {
      const service = serviceOf(plan);
      const record = `the ${plan.type} record of ${plan.name}`;
      return {
        owner: `${place} ${plan.type} ${plan.name}`,
        service,
        claim: { tunnel, path },
        words: service === undefined ? record : `${service} in ${record}`,
      };
    });
  });
}

/** Key in a "port over TXT" record; `undefined` for other records. */
function serviceOf(plan: RecordPlan): string | undefined {
  return plan.type === "TXT" && plan.content.kind === "pot" ? plan.content.key : undefined;
}
