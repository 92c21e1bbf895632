/**
 * `deno task schema`: writes the JSON Schema of the configuration to porthole.schema.json; a test fails where the
 * file is not up to date.
 *
 * @module
 */
import { configJsonSchema } from "../src/config/json_schema.ts";

if (import.meta.main) {
  Deno.writeTextFileSync(new URL("../porthole.schema.json", import.meta.url), configJsonSchema());
}
