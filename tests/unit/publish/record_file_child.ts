/** Writes many record sets into one file, as another porthole would: `FILE NAME COUNT`. */
import { systemClock } from "../../../src/core/clock.ts";
import { systemRandom } from "../../../src/core/random.ts";
import { openRecordFile } from "../../../src/publish/record_file.ts";

async function writeMany([path = "", name = "", count = ""]: readonly string[]): Promise<void> {
  const parts = { clock: systemClock, random: systemRandom };
  const store = openRecordFile(
    { provider: "file", path, format: "zone", zone: undefined, records: [] },
    parts,
  );
  const { signal } = new AbortController();
  for (let i = 0; i < Number(count); i++) {
    const data = [{ type: "A", address: `192.0.2.${i}` }] as const;
    await store.replace({ name: `${name}${i}.example.com`, type: "A", ttlSeconds: 60, data }, { signal });
  }
}

if (import.meta.main) writeMany(Deno.args);
