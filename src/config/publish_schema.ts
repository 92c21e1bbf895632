import * as v from "valibot";
import type { PublishConfig } from "./config.ts";
import { cloudflareSchema } from "./publish/cloudflare_config.ts";
import { serverSchemas } from "./publish/server_config.ts";
import { signedSchemas } from "./publish/signed_config.ts";
import { sinkSchemas } from "./publish/sink_config.ts";
import { listed, shown } from "./schema_parts.ts";

const schemas = [cloudflareSchema, ...signedSchemas, ...serverSchemas, ...sinkSchemas];

/** Every provider that `publish` knows. */
export const PROVIDERS: readonly string[] = schemas.map(({ entries }) => entries.provider.literal);

/** One entry of `publish`. */
export const publishSchema: v.GenericSchema<PublishConfig> = v.variant(
  "provider",
  schemas,
  ({ input }) =>
    input === undefined
      ? `key "provider" is missing; known: ${listed(PROVIDERS)}`
      : `unknown provider ${shown(input)}; known: ${listed(PROVIDERS)}`,
) as unknown as v.GenericSchema<PublishConfig>;
