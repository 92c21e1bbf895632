import { check } from "./errno.ts";
import { libc } from "./libc.ts";
import { IF_NAMESIZE } from "./linux.ts";

/**
 * Index of a network interface.
 *
 * @throws {SystemError} ENODEV if there is none of this name.
 */
export function interfaceIndex(name: string): number {
  const index = libc().if_nametoindex(cString(name));
  // It returns 0 for failure, which check() knows as a negative number.
  return check(index === 0 ? -1 : index, "if_nametoindex", `find interface ${name}`);
}

/** Name of a network interface; `undefined` if the index is not (or no longer) in use. */
export function interfaceName(index: number): string | undefined {
  const buffer = new Uint8Array(new ArrayBuffer(IF_NAMESIZE));
  if (libc().if_indextoname(index, buffer) === null) return undefined;
  return new TextDecoder().decode(buffer.subarray(0, buffer.indexOf(0)));
}

/** The text with a NUL behind it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
