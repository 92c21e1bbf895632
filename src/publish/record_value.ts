import type { RecordData, RecordType } from "../dns/record_data.ts";
import { formatRecordData } from "../dns/record_text.ts";

/** Options for {@linkcode formatRecordValue}. */
export interface RecordValueOptions {
  /** Names end with a dot. */
  readonly endsNames: boolean;
}

/** Which word of the presentation form is a name. */
const NAME_WORD: Readonly<Partial<Record<RecordType, number>>> = { SRV: 3, HTTPS: 1, SVCB: 1 };

/**
 * A record's data as web interfaces of DNS providers show it, and their APIs take it: the presentation form, but a text
 * that needs no quotes has none. `parseRecordData` reads it. Pure.
 */
export function formatRecordValue(data: RecordData, { endsNames }: RecordValueOptions): string {
  if (data.type === "TXT") {
    const text = data.strings.join("");
    return data.strings.length < 2 && /^[\w+/=.:,@-]+$/.test(text) ? text : formatRecordData(data);
  }
  const form = formatRecordData(data);
  const index = NAME_WORD[data.type];
  if (index === undefined || endsNames) return form;
  const bare = (word: string): string => word === "." ? word : word.replace(/\.$/, "");
  return form.split(" ").map((word, i) => i === index ? bare(word) : word).join(" ");
}
