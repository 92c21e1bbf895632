import type { Random } from "../../core/random.ts";
import type { DnsMessage, DnsQuestion } from "../../dns/message.ts";
import { TYPE_NUMBERS } from "../../dns/rdata.ts";
import type { RecordType } from "../../dns/record_data.ts";

/** Class IN (RFC 1035, section 3.2.4). */
export const IN = 1;

/** An ID that nobody can guess (RFC 5452, section 9.2); the port is the kernel's choice. */
export function randomId(random: Random): number {
  const [high = 0, low = 0] = random.bytes(2);
  return (high << 8) | low;
}

/** The question for a name and a type. Pure. */
export function questionFor(name: string, type: RecordType | number): DnsQuestion {
  return { name, type: typeof type === "number" ? type : TYPE_NUMBERS[type], class: IN };
}

/** A message that asks one question of a resolver (`recursionDesired`) or of a zone's own server. Pure. */
export function queryMessage(
  id: number,
  question: DnsQuestion,
  options: { readonly recursionDesired: boolean },
): DnsMessage {
  return {
    id,
    isResponse: false,
    opcode: 0,
    isAuthoritative: false,
    isTruncated: false,
    recursionDesired: options.recursionDesired,
    recursionAvailable: false,
    rcode: 0,
    questions: [question],
    answers: [],
    authorities: [],
    additionals: [],
  };
}

/** Whether a message answers exactly this question; anything else is somebody else's, or a forgery (RFC 5452). Pure. */
export function isAnswerTo(query: DnsMessage, answer: DnsMessage): boolean {
  const [asked] = query.questions;
  const [said] = answer.questions;
  return answer.isResponse && answer.id === query.id && answer.opcode === query.opcode &&
    answer.questions.length === 1 && asked !== undefined && said !== undefined &&
    said.type === asked.type && said.class === asked.class &&
    said.name.toLowerCase() === asked.name.toLowerCase();
}
