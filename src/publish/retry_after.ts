/** A server that asks for more is not believed: meanwhile the mapping may have changed. */
const MOST_MS = 3_600_000;

/**
 * How long a `Retry-After` (RFC 9110, section 10.2.3) asks to wait: seconds, or a date.
 *
 * @returns Milliseconds, an hour at most; `undefined` if there is none or it cannot be read.
 */
export function retryAfterMs(header: string | null, now: Date): number | undefined {
  const text = header?.trim() ?? "";
  const isSeconds = /^\d{1,10}$/.test(text);
  // Date.parse reads far more than HTTP's dates, which begin with the day of the week.
  if (!isSeconds && !/^[A-Z][a-z]{2}/.test(text)) return undefined;
  const waitMs = isSeconds ? Number(text) * 1000 : Date.parse(text) - now.getTime();
  if (Number.isNaN(waitMs)) return undefined;
  return Math.min(Math.max(waitMs, 0), MOST_MS);
}
