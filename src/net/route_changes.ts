import type { RouteMessage } from "../../ffi/mod.ts";

/**
 * Tells real changes from renewals: routers announce IPv6 addresses again and again, and a link's statistics are
 * news to the kernel, too.
 */
export class RouteChanges {
  readonly #linkFlags = new Map<number, number>();
  /** Flags by address, by link. */
  readonly #addresses = new Map<number, Map<string, number>>();

  /** Whether one of the messages says something new; all are remembered. */
  take(messages: readonly RouteMessage[]): boolean {
    let isChange = false;
    for (const message of messages) isChange = this.#isNew(message) || isChange;
    return isChange;
  }

  /** Messages were lost: what is remembered may be wrong. */
  forget(): void {
    this.#linkFlags.clear();
    this.#addresses.clear();
  }

  #isNew(message: RouteMessage): boolean {
    switch (message.kind) {
      case "link": {
        const { index, flags, isGone } = message;
        const isNew = isGone || this.#linkFlags.get(index) !== flags;
        this.#linkFlags.set(index, flags);
        if (isGone) {
          this.#linkFlags.delete(index);
          this.#addresses.delete(index);
        }
        return isNew;
      }
      case "address": {
        const { index, address, flags, isGone } = message;
        const ofLink = this.#addresses.get(index) ?? new Map<string, number>();
        const isNew = isGone || ofLink.get(address) !== flags;
        ofLink.set(address, flags);
        if (isGone) ofLink.delete(address);
        this.#addresses.set(index, ofLink);
        return isNew;
      }
      case "route":
        return true;
    }
  }
}
