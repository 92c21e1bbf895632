import type { MappingNews } from "../../core/mapping.ts";
import type { PublisherParts } from "../open_publisher.ts";
import type { CloudflareOptions } from "../options.ts";
import { publishEach, type PublishStep } from "../publish_each.ts";
import { nothingFits, openRecordSteps } from "../publish_records.ts";
import { recordPlace } from "../record_place.ts";
import { type Publisher, PublishError } from "../publisher.ts";
import { Turns } from "../turns.ts";
import { type CloudflareApi, openCloudflareApi } from "./cloudflare_api.ts";
import { openCloudflareStore } from "./cloudflare_store.ts";
import { ZoneFinder } from "./find_zone.ts";
import { keepRule } from "./keep_rule.ts";
import { type CloudflareRule, originRule, redirectRule } from "./rule_body.ts";

/**
 * Keeps records, redirect rules and origin rules at Cloudflare, in this order. What is refused does not hold up the rest;
 * records and rules of others are not touched. See {@linkcode openCloudflareStore} for records.
 */
export function openCloudflare(options: CloudflareOptions, parts: PublisherParts): Publisher {
  const { provider, zone } = options;
  const { turns = new Turns() } = parts;
  const api = openCloudflareApi(options, parts);
  const zones = new ZoneFinder(api, zone);
  const recordSteps = openRecordSteps(openCloudflareStore(options, { api, zones }), options, {
    ...parts,
    place: recordPlace(options),
  });
  return {
    provider,
    async publish(news, signal): Promise<void> {
      const { steps, leftOut } = recordSteps(news);
      const all = [...steps, ...ruleSteps(options, { news, api, zones, turns })];
      if (all.length === 0) throw nothingFits(provider, leftOut);
      await publishEach(provider, all, signal);
    },
  };
}

function ruleSteps(
  { redirects, origins }: CloudflareOptions,
  { news: { external }, api, zones, turns }: {
    readonly news: MappingNews;
    readonly api: CloudflareApi;
    readonly zones: ZoneFinder;
    readonly turns: Turns;
  },
): readonly PublishStep[] {
  const stepOf = (
    what: string,
    { host, rule }: { readonly host: string; readonly rule: CloudflareRule },
  ): PublishStep => ({
    what: `${what} ${host}`,
    async run(signal): Promise<void> {
      try {
        const found = await zones.find(host, signal);
        // Rules of a zone are in one ruleset, which the first one makes.
        const key = `${api.provider} ${rule.phase} ${found.id}`;
        await turns.take(key, () => keepRule(api, rule, { zone: found, signal }), signal);
      } catch (error) {
        if (error instanceof PublishError) zones.forget();
        throw error;
      }
    },
  });
  return [
    ...redirects.map((plan) =>
      stepOf("redirect rule", { host: plan.host, rule: redirectRule(plan, external) })
    ),
    ...origins.map((host) => stepOf("origin rule", { host, rule: originRule(host, external) })),
  ];
}
