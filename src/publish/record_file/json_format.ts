import { formatRecordData } from "../../dns/record_text.ts";
import { memberOf, parseAnswer } from "../answer_words.ts";
import type { RecordSet } from "../record_set.ts";
import {
  brokenFile,
  changesTo,
  type FoundRecord,
  readData,
  type RecordFormat,
  setOf,
} from "./record_format.ts";

/** Index in the list. */
type Found = FoundRecord<number>;

/**
 * JSON for programs: `{"records": [{"name", "type", "ttl", "data"}, …]}`, names without a final dot, `data` in
 * presentation form (TXT in quotes). Other entries, and other members of the file, keep their values and their order;
 * white space does not.
 */
export const jsonFormat: RecordFormat = {
  read(text, set): RecordSet {
    return setOf(set, ownOf(recordsOf(rootOf(text)), set));
  },
  replace(text, set): string {
    const root = rootOf(text ?? "");
    const records = recordsOf(root);
    const { old, missing } = changesTo(set, ownOf(records, set));
    if (text !== undefined && old.length === 0 && missing.length === 0) return text;
    const { name, type, ttlSeconds } = set;
    const written = missing.map((data) => ({ name, type, ttl: ttlSeconds, data: formatRecordData(data) }));
    const result: unknown[] = [...records];
    old.forEach(({ place }, i) => result[place] = written[i]);
    const rest = [...result.filter((entry) => entry !== undefined), ...written.slice(old.length)];
    return `${JSON.stringify({ ...root, records: rest }, undefined, 2)}\n`;
  },
};

function rootOf(text: string): object {
  if (text.trim() === "") return {};
  const root = parseAnswer(text.replace(/^\uFEFF/, ""));
  if (typeof root === "object" && root !== null && !Array.isArray(root)) return root;
  throw brokenFile("the file is no JSON object");
}

function recordsOf(root: object): readonly unknown[] {
  const records = memberOf(root, "records") ?? [];
  if (Array.isArray(records)) return records;
  throw brokenFile('"records" in the file is no list');
}

function ownOf(
  records: readonly unknown[],
  { name, type }: Pick<RecordSet, "name" | "type">,
): readonly Found[] {
  return records.flatMap((entry, place): Found[] => {
    const owner = memberOf(entry, "name");
    const isOwn = typeof owner === "string" && owner.toLowerCase().replace(/\.$/, "") === name &&
      memberOf(entry, "type") === type;
    if (!isOwn) return [];
    const [ttl, data] = [memberOf(entry, "ttl"), memberOf(entry, "data")];
    const text = typeof data === "string" ? data : "";
    return [{
      place,
      ttlSeconds: typeof ttl === "number" ? ttl : undefined,
      data: readData(type, text, `records[${place}]`),
    }];
  });
}
