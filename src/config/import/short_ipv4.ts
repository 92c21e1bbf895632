/**
 * Parses an IPv4 address as the C library's `inet_aton` does: one to four numbers, decimal, octal or hexadecimal, the
 * last of which fills the rest: `127.1` is 127.0.0.1.
 *
 * @returns Dotted-quad text; `undefined` if it is no address.
 */
export function expandIpv4(text: string): string | undefined {
  const numbers = text.split(".").map(numberOf);
  const last = numbers.pop() ?? NaN;
  const tailBytes = 4 - numbers.length;
  if (tailBytes < 1 || !numbers.every((number) => number < 256) || !(last < 256 ** tailBytes)) {
    return undefined;
  }
  const tail = Array.from(
    { length: tailBytes },
    (_, i) => Math.floor(last / 256 ** (tailBytes - 1 - i)) % 256,
  );
  return [...numbers, ...tail].join(".");
}

/** NaN if it is none. */
function numberOf(text: string): number {
  if (/^0[0-7]*$/.test(text)) return parseInt(text, 8);
  return /^(0[xX][\da-fA-F]+|[1-9]\d*)$/.test(text) ? Number(text) : NaN;
}
