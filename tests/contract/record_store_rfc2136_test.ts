import assert from "node:assert/strict";
import type { RecordType } from "../../src/dns/record_data.ts";
import { decodeRdata, encodeRdata, TYPE_NUMBERS } from "../../src/dns/rdata.ts";
import {
  openRfc2136Rig,
  type Rfc2136RigOptions,
  TSIG_SECRET,
  ZONE,
} from "../unit/publish/rfc2136/rfc2136_rig.ts";
import type { Trouble } from "../unit/publish/rfc2136/update_server.ts";
import { recordStoreContract, type StoreFault, type StoreHarness } from "./record_store_contract.ts";
import type { StoredRecord } from "./record_store_rig.ts";

const TYPES = Object.keys(TYPE_NUMBERS) as RecordType[];
const PAGE = new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n");

/** BADKEY; REFUSED; SERVFAIL. What is not there cannot be made by this protocol. */
const TROUBLES: Readonly<Partial<Record<StoreFault, Trouble>>> = {
  "bad-token": { kind: "tsig", error: 17 },
  "unknown-zone": { kind: "rcode", rcode: 5 },
  "server-error": { kind: "rcode", rcode: 2 },
  "truncated": { kind: "bytes", bytes: (answer) => [answer.subarray(0, answer.length >> 1)] },
  "html": { kind: "bytes", bytes: () => [PAGE] },
  "silent": { kind: "silent" },
};

function openHarness(options: Rfc2136RigOptions): StoreHarness {
  const { server, store, clock, ...rig } = openRfc2136Rig(options);
  let reached = Promise.withResolvers<void>();
  return {
    ...{ store, clock, zone: ZONE, secrets: [TSIG_SECRET] },
    seed: (records): Promise<void> => {
      const added = records.map(({ name, ttlSeconds, data }) => ({
        ...{ name, ttlSeconds, class: 1 },
        ...{ type: TYPE_NUMBERS[data.type], rdata: encodeRdata(data) },
      }));
      // One and the same record is in a zone only once.
      const isAdded = (one: { name: string; rdata: Uint8Array }): boolean =>
        added.some(({ name, rdata }) => name === one.name && rdata.toHex() === one.rdata.toHex());
      server.records = [...server.records.filter((one) => !isAdded(one)), ...added];
      return Promise.resolve();
    },
    dump: () =>
      Promise.resolve(server.records.map(({ name, ttlSeconds, type, rdata }): StoredRecord => {
        const data = decodeRdata(TYPES.find((one) => TYPE_NUMBERS[one] === type) ?? "TXT", rdata);
        assert.ok(data !== undefined);
        return { name, ttlSeconds, data };
      })),
    writes: () => server.writes,
    fail: (fault, { after = 0 } = {}): void => {
      let left = after;
      server.trouble = (): Trouble | undefined => {
        if (left-- > 0) return undefined;
        if (fault === "silent") reached.resolve();
        return TROUBLES[fault];
      };
    },
    heal: (): void => {
      server.trouble = () => undefined;
      reached = Promise.withResolvers();
    },
    reached: () => reached.promise,
    async [Symbol.asyncDispose](): Promise<void> {
      await rig[Symbol.asyncDispose]();
      assert.equal(clock.pendingTimers, 0);
    },
  };
}

const ANY_TRANSPORT: readonly StoreFault[] = ["bad-token", "unknown-zone", "server-error", "silent"];
recordStoreContract({
  name: "openRfc2136(auto)",
  // Half an answer, or none of DNS, is passed over like any other datagram.
  capabilities: { types: TYPES, faults: ANY_TRANSPORT },
  open: () => Promise.resolve(openHarness({})),
});
recordStoreContract({
  name: "openRfc2136(tcp)",
  capabilities: { types: TYPES, faults: [...ANY_TRANSPORT, "truncated", "html"] },
  open: () => Promise.resolve(openHarness({ transport: "tcp" })),
});
recordStoreContract({
  name: "openRfc2136(without a key)",
  capabilities: { types: TYPES, faults: ["unknown-zone", "server-error"] },
  open: () => Promise.resolve(openHarness({ isSigned: false })),
});
