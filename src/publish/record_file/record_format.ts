import type { RecordData, RecordType } from "../../dns/record_data.ts";
import { isSameRecordData, parseRecordData } from "../../dns/record_text.ts";
import { PublishError } from "../publisher.ts";
import type { RecordSet } from "../record_set.ts";

/** How records are written in a file. Pure; everything in it that is not of the record set stays as it is. */
export interface RecordFormat {
  /**
   * The record set as the text has it.
   *
   * @throws {PublishError} Permanent, if the text is broken or a record of this name and type cannot be read.
   */
  read(text: string, set: Pick<RecordSet, "name" | "type">): RecordSet;
  /**
   * The text with exactly this record set in it; the same text if it has it already.
   *
   * @param text `undefined` for a new file.
   * @throws {PublishError} As `read`.
   */
  replace(text: string | undefined, set: RecordSet): string;
}

/** A record of a set, and where it is in the text. */
export interface FoundRecord<Place> {
  readonly place: Place;
  /** `undefined` if the text does not say. */
  readonly ttlSeconds: number | undefined;
  readonly data: RecordData;
}

/** What has to be done with the records of a set. */
export interface RecordChanges<Place> {
  /** These become the first of the new ones, in this order; further ones go. */
  readonly old: readonly FoundRecord<Place>[];
  /** Not there yet. */
  readonly missing: readonly RecordData[];
}

/** Compares what is there with what is wanted. Pure. */
export function changesTo<Place>(
  { data, ttlSeconds }: RecordSet,
  found: readonly FoundRecord<Place>[],
): RecordChanges<Place> {
  const missing = [...data];
  const old = found.filter((record) => {
    const i = missing.findIndex((one) => isSameRecordData(one, record.data));
    if (i < 0 || record.ttlSeconds !== ttlSeconds) return true;
    missing.splice(i, 1);
    return false;
  });
  return { old, missing };
}

/** The set that some found records are. Pure. */
export function setOf<Place>(
  { name, type }: Pick<RecordSet, "name" | "type">,
  found: readonly FoundRecord<Place>[],
): RecordSet {
  return { name, type, ttlSeconds: found[0]?.ttlSeconds ?? 0, data: found.map(({ data }) => data) };
}

/**
 * Reads a record of a set.
 *
 * @throws {PublishError} Permanent: what cannot be read is not replaced either.
 */
export function readData(type: RecordType, text: string, where: string): RecordData {
  const data = parseRecordData(type, text);
  if (data === undefined) throw brokenFile(`${where} is no ${type} record`);
  return data;
}

/** A file that somebody has to mend first. */
export function brokenFile(reason: string): PublishError {
  return new PublishError("file", reason, { isPermanent: true });
}
