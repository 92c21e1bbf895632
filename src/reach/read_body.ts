import { orAborted } from "../core/aborting.ts";

/** Options for {@linkcode readBody}. */
export interface ReadBodyOptions {
  /** Longer ones are not read to their end. */
  readonly mostBytes: number;
  /** Its abort ends the wait for the rest. */
  readonly signal: AbortSignal;
}

/** What {@linkcode readBody} gives. */
export type BodyReading =
  | { readonly kind: "text"; readonly text: string }
  /** It is longer than allowed. */
  | { readonly kind: "too-large" }
  /** It broke off, did not come in time, or is no UTF-8. */
  | { readonly kind: "broken" };

/** Reads the body of a request or an answer as UTF-8 text, with bounded memory. Never rejects. */
export async function readBody(
  { body }: Pick<Response, "body">,
  options: ReadBodyOptions,
): Promise<BodyReading> {
  const { mostBytes, signal } = options;
  if (body === null) return { kind: "text", text: "" };
  const reader = body.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await orAborted(reader.read(), signal);
      if (done) return { kind: "text", text: text + decoder.decode() };
      bytes += value.length;
      if (bytes > mostBytes) return { kind: "too-large" };
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // Whatever it was, there is no text; the caller knows whether its own signal was it.
    return { kind: "broken" };
  } finally {
    // Not awaited by anybody: a peer that stalls would hold us here.
    reader.cancel().catch(() => {});
  }
}
