import assert from "node:assert/strict";
import { PublishError } from "../../../src/publish/publisher.ts";

/** What the work is refused with. */
export async function refusalFrom(work: Promise<unknown>): Promise<PublishError> {
  const error = await work.then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof PublishError, `no PublishError: ${error}`);
  return error;
}
