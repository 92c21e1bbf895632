import { type Endpoint, isSameEndpoint } from "../core/endpoint.ts";
import type { ChangeRequest, ErrorCode } from "./attributes.ts";
import { type BindingAnswer, encodeBindingRequest, readBindingAnswer, readErrorCode } from "./binding.ts";
import { StunDecodeError } from "./errors.ts";
import { beginsWithCookie, createMessageId, decodeMessage, HEADER_BYTES, messageType } from "./message.ts";
import { BINDING_METHOD } from "./message.ts";

/** Why something that arrived is not an answer to any request of ours. */
export type DropReason = "malformed" | "no-cookie" | "not-an-answer" | "unknown-id" | "wrong-source";

/** What {@linkcode BindingTransactions.open} needs. */
export interface TransactionRequest<Tag> {
  /** Whom the request goes to. */
  readonly server: Endpoint;
  /** CHANGE-REQUEST, if the server shall answer from elsewhere. */
  readonly change?: ChangeRequest | undefined;
  /** RESPONSE-PORT, if the answer shall go to another port of our address. */
  readonly responsePort?: number | undefined;
  /**
   * Who may answer. `"any"` is for CHANGE-REQUEST probes to a server whose alternate address is not known yet;
   * the 96 random bits then are the only proof. @default {[server]}
   */
  readonly answerers?: readonly Endpoint[] | "any" | undefined;
  /** The caller's own note, handed back with the answer. */
  readonly tag: Tag;
}

/** A request that waits for its answer. */
export interface PendingTransaction<Tag> {
  readonly server: Endpoint;
  readonly tag: Tag;
  /** The request; send the very same bytes again when retransmitting. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Handle for {@linkcode BindingTransactions.cancel}. */
  readonly key: string;
}

/** What came of bytes that arrived. */
export type Acceptance<Tag> =
  | {
    readonly kind: "answer";
    readonly transaction: PendingTransaction<Tag>;
    readonly answer: BindingAnswer;
    readonly from: Endpoint;
  }
  | {
    readonly kind: "refusal";
    readonly transaction: PendingTransaction<Tag>;
    readonly error: ErrorCode;
    readonly from: Endpoint;
  }
  | { readonly kind: "dropped"; readonly reason: DropReason };

/** Options for {@linkcode BindingTransactions}. */
export interface BindingTransactionsOptions {
  /** Cryptographically strong bytes. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Pending requests kept; opening one more forgets the oldest. @default {256} */
  readonly maxPending?: number;
}

interface Entry<Tag> extends PendingTransaction<Tag> {
  readonly answerers: readonly Endpoint[] | "any";
}

const SUCCESS = messageType("success", BINDING_METHOD);
const REFUSAL = messageType("error", BINDING_METHOD);

/**
 * Binding requests that wait for answers, without I/O and without a clock. An answer counts only from an
 * endpoint that was asked, with our cookie, an answer's type and the 96 random bits of the request; everything
 * else is dropped, counted, and leaves the request waiting.
 */
export class BindingTransactions<Tag = undefined> {
  readonly #pending = new Map<string, Entry<Tag>>();
  readonly #randomBytes: (length: number) => Uint8Array;
  readonly #maxPending: number;
  readonly #dropped: Record<DropReason, number> = {
    "malformed": 0,
    "no-cookie": 0,
    "not-an-answer": 0,
    "unknown-id": 0,
    "wrong-source": 0,
  };

  constructor(options: BindingTransactionsOptions) {
    this.#randomBytes = options.randomBytes;
    this.#maxPending = options.maxPending ?? 256;
  }

  /** How many wait. */
  get size(): number {
    return this.#pending.size;
  }

  /** What was dropped so far, by reason. */
  get dropped(): Readonly<Record<DropReason, number>> {
    return this.#dropped;
  }

  /** Makes a request with a new id and waits for its answer until {@linkcode cancel}. */
  open(request: TransactionRequest<Tag>): PendingTransaction<Tag> {
    const { server, change, responsePort, answerers = [server], tag } = request;
    const id = createMessageId(this.#randomBytes);
    const bytes = encodeBindingRequest(id, { ...change, responsePort });
    const entry = { server, tag, answerers, key: id.toHex(), bytes };
    for (const oldest of this.#pending.keys()) {
      if (this.#pending.size < this.#maxPending) break;
      this.#pending.delete(oldest);
    }
    this.#pending.set(entry.key, entry);
    return entry;
  }

  /** Forgets a request; its answer will be an unknown one. */
  cancel(transaction: PendingTransaction<Tag>): void {
    this.#pending.delete(transaction.key);
  }

  /**
   * Takes bytes that arrived. An answer ends its transaction; what is dropped does not.
   *
   * @param from Where they came from.
   */
  accept(data: Uint8Array, from: Endpoint): Acceptance<Tag> {
    const found = this.#match(data, from);
    if (typeof found === "string") return this.#drop(found);
    try {
      const message = decodeMessage(data);
      const result: Acceptance<Tag> = message.class === "error"
        ? { kind: "refusal", transaction: found, error: readErrorCode(message), from }
        : { kind: "answer", transaction: found, answer: readBindingAnswer(message), from };
      this.#pending.delete(found.key);
      return result;
    } catch (error) {
      if (!(error instanceof StunDecodeError)) throw error;
      return this.#drop("malformed");
    }
  }

  /** Looks at the header alone, so that strangers cannot make us work. */
  #match(data: Uint8Array, from: Endpoint): Entry<Tag> | DropReason {
    if (data.length < HEADER_BYTES || ((data[0] ?? 0) & 0xc0) !== 0) return "malformed";
    if (!beginsWithCookie(data.subarray(4))) return "no-cookie";
    const type = ((data[0] ?? 0) << 8) | (data[1] ?? 0);
    if (type !== SUCCESS && type !== REFUSAL) return "not-an-answer";
    const entry = this.#pending.get(data.subarray(4, HEADER_BYTES).toHex());
    if (entry === undefined) return "unknown-id";
    const isAllowed = entry.answerers === "any" || entry.answerers.some((one) => isSameEndpoint(one, from));
    return isAllowed ? entry : "wrong-source";
  }

  #drop(reason: DropReason): Acceptance<Tag> {
    this.#dropped[reason]++;
    return { kind: "dropped", reason };
  }
}
