/** Options for {@linkcode planRetransmission}. */
export interface RetransmissionOptions {
  /** First wait; each further one doubles. @default {500} */
  readonly rtoMs?: number | undefined;
  /** Requests in all, Rc. @default {7} */
  readonly maxSends?: number | undefined;
  /** How many RTOs to wait after the last request, Rm. @default {16} */
  readonly lastWaitRtos?: number | undefined;
}

/** When to send and when to give up, in milliseconds from the first request. */
export interface RetransmissionPlan {
  readonly sendAtMs: readonly number[];
  readonly giveUpAtMs: number;
}

/**
 * The times of RFC 8489, section 6.2.1: with the defaults 0, 500, 1500, 3500, 7500, 15500, 31500 and the end at
 * 39500 ms.
 *
 * @throws {RangeError} If a number makes no sense.
 */
export function planRetransmission(options: RetransmissionOptions = {}): RetransmissionPlan {
  const { rtoMs = 500, maxSends = 7, lastWaitRtos = 16 } = options;
  if (!(rtoMs > 0)) throw new RangeError(`Cannot plan retransmission: rtoMs is ${rtoMs}`);
  if (!(Number.isInteger(maxSends) && maxSends >= 1 && maxSends <= 16)) {
    throw new RangeError(`Cannot plan retransmission: maxSends is ${maxSends}, not 1 to 16`);
  }
  if (!(lastWaitRtos > 0)) {
    throw new RangeError(`Cannot plan retransmission: lastWaitRtos is ${lastWaitRtos}`);
  }
  const sendAtMs = Array.from({ length: maxSends }, (_, n) => rtoMs * (2 ** n - 1));
  return { sendAtMs, giveUpAtMs: (sendAtMs.at(-1) ?? 0) + rtoMs * lastWaitRtos };
}
