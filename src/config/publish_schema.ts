import * as v from "valibot";
import type { PublishConfig } from "./config.ts";
import { choice, described, listed, option, secretText, shown } from "./schema_parts.ts";

const webhook = v.pipe(
  v.strictObject({
    provider: v.literal("webhook"),
    url: described(secretText, "Where the POST goes, http or https."),
    token: option(secretText, "Bearer token."),
    style: option(
      choice(["json", "nat1", "nat1-records"]),
      "Body: the event as JSON; nat1_traversal's one request; or its older two, A and SRV. Default json.",
    ),
    domain: option(v.string(), "Zone, for the nat1 styles."),
    subDomain: option(v.string(), "Labels below the zone, for the nat1 styles. Default none."),
    srvPrefix: option(
      v.string(),
      "Service and protocol with a final dot, for the nat1 styles. Default _tcp. or _udp. by the protocol.",
    ),
  }),
  v.title("Webhook"),
);

/** Every provider that `publish` knows. */
export const PROVIDERS: readonly string[] = [webhook].map(({ entries }) => entries.provider.literal);

/** One entry of `publish`. */
export const publishSchema: v.GenericSchema<PublishConfig> = v.variant(
  "provider",
  [webhook],
  ({ input }) =>
    input === undefined
      ? `key "provider" is missing; known: ${listed(PROVIDERS)}`
      : `unknown provider ${shown(input)}; known: ${listed(PROVIDERS)}`,
);
