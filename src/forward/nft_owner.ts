import { PortholeError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import type { HostView } from "./nft_probe.ts";

/** The mark of a living process on its rules. Disposing takes it away. */
export interface NftOwner extends Disposable {
  /** `p<pid>_<8 hex digits>`, where the names of its objects begin. */
  readonly id: string;
}

/** Where rules can tell whether their owner lives. */
const SOCKET_PREFIX = "porthole/nft/";

/**
 * Claims an owner's mark: a listening socket in the abstract namespace, which exists exactly as long as the process
 * and is seen by exactly those who see the rules (abstract names belong to the network namespace, process numbers
 * do not, and they are given out again).
 *
 * @throws {Error} With the kernel's `code` if no socket can be had.
 */
export function claimOwner(random: Random): NftOwner {
  const digits = [...random.bytes(4)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const id = `p${Deno.pid}_${digits}`;
  const listener = Deno.listen({ transport: "unix", path: `\0${SOCKET_PREFIX}${id}` });
  return { id, [Symbol.dispose]: (): void => listener.close() };
}

/** It cannot be told which owners live. */
export class OwnersUnknownError extends PortholeError {
  /** Name of the class. */
  override readonly name = "OwnersUnknownError";
  /** For programs. */
  override readonly code = "nft_owners_unknown";
}

/** Living owners in this network namespace. @throws {OwnersUnknownError} If the kernel does not list sockets. */
export async function livingOwners(host: HostView): Promise<ReadonlySet<string>> {
  const text = await host.readText("/proc/net/unix");
  if (text === undefined) throw new OwnersUnknownError("Cannot list owners of rules: no /proc/net/unix");
  return parseOwners(text);
}

/** Owners in the text of /proc/net/unix, where an abstract name begins with `@`. */
export function parseOwners(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(/ @porthole\/nft\/(p\d+_[0-9a-f]{8})@*$/gm)].map((match) => match[1] ?? ""),
  );
}
