import { toJsonSchema } from "@valibot/to-json-schema";
import { hookSchema } from "./hook_schema.ts";
import { configSchema } from "./schema.ts";
import { tunnelSchema } from "./tunnel_schema.ts";

/**
 * The JSON Schema (draft 2020-12) of the configuration file, as text with a newline at its end.
 * What it cannot say (how a time or an endpoint is spelt) is in the descriptions.
 */
export function configJsonSchema(): string {
  const schema = toJsonSchema(configSchema, {
    target: "draft-2020-12",
    // Own checks have no counterpart there.
    errorMode: "ignore",
    definitions: { tunnel: tunnelSchema, hook: hookSchema },
  });
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
