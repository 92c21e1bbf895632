import type { Secret } from "../core/secret.ts";
import { PublishError } from "./publisher.ts";

/**
 * The id of an API key, for a header.
 *
 * @throws {PublishError} Permanent, if HTTP cannot carry it; `fetch` would quote it.
 */
export function checkKeyId(provider: string, id: Secret): void {
  if (/^[\x21-\x7e]+$/.test(id.reveal())) return;
  const reason = "the id is empty or has characters that HTTP cannot carry";
  throw new PublishError(provider, reason, { isPermanent: true });
}
