/** A kind of publisher and what it changes, as one word of a line: `cloudflare (mc.example.com)`. */
export function publisherName(
  { provider, place }: { readonly provider: string; readonly place?: string | undefined },
): string {
  return place === undefined ? provider : `${provider} (${place})`;
}
