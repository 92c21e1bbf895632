import type { RecordType } from "../../src/dns/record_data.ts";
import type { RecordStore } from "../../src/publish/record_store.ts";
import type { FakeClock } from "../fakes/fake_clock.ts";
import { recordDataContract } from "./record_store_data_contract.ts";
import { recordExpectedContract } from "./record_store_expected_contract.ts";
import { recordFaultContract } from "./record_store_fault_contract.ts";
import type { StoredRecord } from "./record_store_rig.ts";
import { recordSetContract } from "./record_store_set_contract.ts";

/**
 * What can go wrong at a provider.
 *
 * - `bad-token`: token, key or TSIG key are refused. Permanent.
 * - `unknown-zone`: the account has no such zone, or the server is not in charge of it. Permanent.
 * - `rate-limited`: 429 with `Retry-After: 7`. Not permanent, and passes the 7 s on.
 * - `server-error`: 500, SERVFAIL. Not permanent.
 * - `truncated`: what was asked is carried out, but half of the answer is missing. Not permanent.
 * - `html`: 200 with a page that is no answer of this API. Not permanent.
 * - `silent`: nothing comes back. Not permanent; ends by the clock.
 */
export type StoreFault =
  | "bad-token"
  | "unknown-zone"
  | "rate-limited"
  | "server-error"
  | "truncated"
  | "html"
  | "silent";

/** A fresh store, and a provider of its own behind it. */
export interface StoreHarness extends AsyncDisposable {
  readonly store: RecordStore;
  /** Canonical; names of the suite are below it. */
  readonly zone: string;
  /** What the store was given; it stands still, so that only the suite makes time pass. */
  readonly clock: FakeClock;
  /** Texts that may be in no error. */
  readonly secrets: readonly string[];
  /** Puts records there past the store, one after the other, as somebody else would. */
  seed(records: readonly StoredRecord[]): Promise<void>;
  /** Everything that is there, seeded records included; SOA and NS records of the zone left out. */
  dump(): Promise<readonly StoredRecord[]>;
  /** One line for each change the provider took from the store, in order. */
  writes(): readonly string[];
  /** From now on requests meet this, after `after` more of them were answered; only called for claimed faults. */
  fail(fault: StoreFault, options?: { readonly after?: number }): Promise<void> | void;
  /** The provider answers again. */
  heal(): Promise<void> | void;
  /** Resolves when a request waits for an answer that will not come (`silent`). */
  reached(): Promise<void>;
}

/** What a provider can do; tests that it cannot pass are left out by this. */
export interface StoreCapabilities {
  /** Exactly what the store says in `types`. */
  readonly types: readonly RecordType[];
  /** Two TTLs that it takes; `none`: it keeps none. @default {[60, 600]} */
  readonly ttls?: readonly [number, number] | "none";
  /** Whether `*.name` can own records. @default {true} */
  readonly hasWildcards?: boolean;
  /** Whether a TXT may hold more than ASCII. @default {true} */
  readonly takesUnicode?: boolean;
  /** The longest TXT in bytes. @default {600} */
  readonly mostTextBytes?: number;
  /** More than two pages of records; 0: it lists nothing. @default {0} */
  readonly manyRecords?: number;
  /** What {@linkcode StoreHarness.fail} can do. @default everything */
  readonly faults?: readonly StoreFault[];
}

/** A store under test. */
export interface RecordStoreSubject {
  /** For test names: the function that opens it, as in `openDynv6`. */
  readonly name: string;
  open(): Promise<StoreHarness>;
  readonly capabilities: StoreCapabilities;
}

/** Options for {@linkcode StoreTest}. */
export interface StoreTestOptions {
  /** Left out, by name, where the provider lacks one of these types. */
  readonly types?: readonly RecordType[];
  /** Left out, by name, where the harness cannot make this happen. */
  readonly fault?: StoreFault;
  /** Left out, by name, with this reason. */
  readonly lacks?: string | false | undefined;
}

/** Registers one test; the harness is fresh and is disposed afterwards. */
export type StoreTest = (
  name: string,
  run: (harness: StoreHarness) => Promise<void>,
  options?: StoreTestOptions,
) => void;

/** Every {@linkcode StoreFault}. */
export const STORE_FAULTS: readonly StoreFault[] = [
  "bad-token",
  "unknown-zone",
  "rate-limited",
  "server-error",
  "truncated",
  "html",
  "silent",
];

/**
 * Runs the suite that every {@linkcode RecordStore} has to pass. The provider behind it is the real server, or a strict
 * fake of the documented API that fails the test on any request that the documentation does not have.
 *
 * @example
 * ```ts ignore
 * recordStoreContract({
 *   name: "openExample",
 *   capabilities: { types: ["A", "AAAA", "TXT", "SRV"], manyRecords: 250 },
 *   open: async () => openExampleHarness(),
 * });
 * ```
 */
export function recordStoreContract({ name: subject, open, capabilities }: RecordStoreSubject): void {
  const test: StoreTest = (name, run, options = {}) => {
    const lack = lackOf(options, capabilities);
    Deno.test({
      name: `${subject}() store: ${name}${lack === undefined ? "" : ` (left out: ${lack})`}`,
      ignore: lack !== undefined,
      fn: async () => {
        await using harness = await open();
        await run(harness);
      },
    });
  };
  recordSetContract(test, capabilities);
  recordDataContract(test, capabilities);
  recordExpectedContract(test, capabilities);
  recordFaultContract(test, capabilities);
}

function lackOf(
  { types = ["A"], fault, lacks }: StoreTestOptions,
  { types: known, faults = STORE_FAULTS }: StoreCapabilities,
): string | undefined {
  const missing = types.filter((type) => !known.includes(type));
  if (missing.length > 0) return `no ${missing.join(", ")} records`;
  if (fault !== undefined && !faults.includes(fault)) return `nothing can be ${fault}`;
  return typeof lacks === "string" ? lacks : undefined;
}
