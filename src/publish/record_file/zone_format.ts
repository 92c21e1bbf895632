import type { RecordData } from "../../dns/record_data.ts";
import { formatRecordData } from "../../dns/record_text.ts";
import type { RecordSet } from "../record_set.ts";
import {
  brokenFile,
  changesTo,
  type FoundRecord,
  readData,
  type RecordFormat,
  setOf,
} from "./record_format.ts";
import { type ZoneRecord, zoneRecords } from "./zone_lines.ts";

/** On top of a new file. */
const HEAD = "; Kept by porthole: it writes its own record sets here and leaves every other line as it is.\n";

/**
 * A fragment of a zone file (RFC 1035, section 5), to be included in a zone: one record on a line, names whole. Records
 * that somebody wrote in another way (relative names below `$ORIGIN`, several lines in parentheses) are found too; they
 * are written anew only where they are of the set and not the same.
 */
export const zoneFormat: RecordFormat = {
  read(text, set): RecordSet {
    return setOf(set, recordsOf(linesOf(text), set).own);
  },
  replace(text, set): string {
    const before = text ?? HEAD;
    const lines = linesOf(before);
    const { all, own } = recordsOf(lines, set);
    const { old, missing } = changesTo(set, own);
    if (old.length === 0 && missing.length === 0) return before;
    refuseOrphans(all, new Set(old.slice(missing.length).map(({ place }) => place)));
    const lineEnd = lines[0]?.endsWith("\r\n") ? "\r\n" : "\n";
    const result: (string | undefined)[] = [...lines];
    const write = (data: RecordData, comment = ""): string =>
      `${set.name}. ${set.ttlSeconds} IN ${set.type} ${formatRecordData(data)}${comment}${lineEnd}`;
    old.forEach(({ place: { firstLine, endLine, comment } }, i) => {
      const data = missing[i];
      result.fill(undefined, firstLine, endLine);
      if (data !== undefined) result[firstLine] = write(data, comment);
    });
    const added = missing.slice(old.length).map((data) => write(data));
    if (added.length > 0 && lines.length > 0 && !lines.at(-1)?.endsWith("\n")) added.unshift(lineEnd);
    return [...result, ...added].filter((line) => line !== undefined).join("");
  },
};

/** With their ends. */
function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}

function recordsOf(
  lines: readonly string[],
  { name, type }: Pick<RecordSet, "name" | "type">,
): { readonly all: readonly ZoneRecord[]; readonly own: readonly FoundRecord<ZoneRecord>[] } {
  const all = zoneRecords(lines);
  const own = all.filter((record) => record.name === name && record.type === type).map((place) => ({
    place,
    ttlSeconds: place.ttlSeconds,
    data: readData(type, place.data, `line ${place.firstLine + 1}`),
  }));
  return { all, own };
}

/** A record without a name of its own must not fall to another one when the record before it goes. */
function refuseOrphans(all: readonly ZoneRecord[], gone: ReadonlySet<ZoneRecord>): void {
  let isNameGone = false;
  for (const record of all) {
    if (!record.inheritsName) isNameGone = gone.has(record);
    else if (isNameGone && !gone.has(record)) {
      const line = record.firstLine + 1;
      throw brokenFile(`line ${line} takes its name from a record that has to go; write the name there`);
    }
  }
}
