import { memberOf } from "../answer_words.ts";
import { PublishError } from "../publisher.ts";
import { isName } from "../relative_owner.ts";
import type { CloudflareApi } from "./cloudflare_api.ts";

/** A zone of the account. */
export interface CloudflareZone {
  /** For paths. */
  readonly id: string;
  /** Canonical. */
  readonly name: string;
}

/** The most that the API gives on one page. */
const PER_PAGE = 50;

/** Finds the zones of names, and remembers them. */
export class ZoneFinder {
  readonly #api: CloudflareApi;
  /** The only one that counts; `undefined`: whatever fits. */
  readonly #zone: string | undefined;
  /** By name; `undefined` where the account has none of that name. */
  readonly #known = new Map<string, CloudflareZone | undefined>();

  constructor(api: CloudflareApi, zone: string | undefined) {
    this.#api = api;
    this.#zone = zone;
  }

  /**
   * The zone of a canonical name: the one that was given, or the longest of the account that the name is within.
   *
   * @throws {PublishError} Permanent, if there is none.
   */
  async find(name: string, signal: AbortSignal): Promise<CloudflareZone> {
    for (const candidate of this.#zone === undefined ? suffixesOf(name) : [this.#zone]) {
      const zone = await this.#ask(candidate, signal);
      if (zone !== undefined) return zone;
    }
    const what = this.#zone === undefined ? `no zone for ${name}` : `no zone ${this.#zone}`;
    const reason = `the account shows ${what}; a token needs the permission Zone Read for it`;
    throw new PublishError(this.#api.provider, reason, { isPermanent: true });
  }

  /** Asks again the next time: a zone may have come, or be another one now. */
  forget(): void {
    this.#known.clear();
  }

  async #ask(name: string, signal: AbortSignal): Promise<CloudflareZone | undefined> {
    if (this.#known.has(name)) return this.#known.get(name);
    const items = await this.#api.readAll({ path: "/zones", query: { name }, perPage: PER_PAGE, signal });
    const ids = items.flatMap((item) => {
      const [id, spelling] = [memberOf(item, "id"), memberOf(item, "name")];
      const isIt = typeof id === "string" && typeof spelling === "string" && isName(spelling, name);
      return isIt ? [{ id, isActive: memberOf(item, "status") === "active" }] : [];
    });
    // A zone that was moved to another account may still be listed in the old one.
    const found = ids.find(({ isActive }) => isActive) ?? ids[0];
    const zone = found && { id: found.id, name };
    this.#known.set(name, zone);
    return zone;
  }
}

/** The name itself and what it is below of, the longest first; a zone has two labels at least, and no service's. */
function suffixesOf(name: string): readonly string[] {
  const labels = name.split(".");
  return labels
    .map((_, i) => labels.slice(i).join("."))
    .filter((suffix) => suffix.includes(".") && !/^[_*]/.test(suffix));
}
