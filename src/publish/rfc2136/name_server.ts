import type { Platform } from "../../core/platform.ts";
import { type Endpoint, type Family, formatEndpoint } from "../../core/endpoint.ts";
import { errorMessage, TimeoutError } from "../../core/errors.ts";
import {
  decodeMessage,
  DnsDecodeError,
  type DnsMessage,
  type DnsQuestion,
  encodeMessage,
} from "../../dns/message.ts";
import { signMessage, type TsigFinding, type TsigKey, verifyAnswer } from "../../dns/tsig.ts";
import type { Rfc2136Options } from "../options.ts";
import { PublishError } from "../publisher.ts";
import { exchangeTcp } from "./exchange_tcp.ts";
import { exchangeUdp } from "./exchange_udp.ts";

/** What is asked, apart from the ID. */
export type DnsRequest = Pick<DnsMessage, "opcode" | "questions" | "answers" | "authorities">;

/** What the server said. */
export interface DnsReply {
  /** It fits the request. */
  readonly message: DnsMessage;
  /** Why it did not accept our TSIG. */
  readonly refusal?: Extract<TsigFinding, { kind: "refused" }> | undefined;
}

/** What a {@linkcode NameServer} works with. */
export type NameServerParts = Pick<Platform, "net" | "clock" | "random">;

/** More addresses of one name say nothing new, and each may take seconds. */
const MOST_ADDRESSES = 4;
/** What every server takes over UDP (RFC 1035, section 4.2.1). */
const AUTO_UDP_BYTES = 512;
/** What the internet carries over UDP in one piece (the DNS flag day of 2020). */
const MOST_UDP_BYTES = 1232;
/** Refusals that a server may send without a signature, because it could not make one. */
const UNSIGNED_REFUSALS: ReadonlySet<number> = new Set([1, 2, 4, 5, 9]);

/**
 * One name server that takes our questions and updates. Each is signed where there is a key, and an answer counts only
 * if it comes from the server, fits the request and, where there is a key, is signed with it.
 */
export class NameServer {
  readonly #options: Pick<Rfc2136Options, "provider" | "server" | "transport">;
  readonly #key: TsigKey | undefined;
  readonly #parts: NameServerParts;
  /** The address that answered last is asked first. */
  #lastGood: string | undefined;

  /** Asks nothing yet. */
  constructor(
    options: Pick<Rfc2136Options, "provider" | "server" | "transport">,
    parts: NameServerParts & { readonly key: TsigKey | undefined },
  ) {
    this.#options = options;
    this.#key = parts.key;
    this.#parts = parts;
  }

  /**
   * Asks it, at one of its addresses after the other until one answers.
   *
   * @throws {PublishError} If none did, or the request is too long for the transport.
   * @throws {RangeError} If the request cannot be encoded.
   * @throws `signal.reason`, unchanged, if aborted.
   */
  async ask(request: DnsRequest, signal: AbortSignal): Promise<DnsReply> {
    const { provider, server } = this.#options;
    const failures: string[] = [];
    for (const address of await this.#addresses(signal)) {
      const remote = { address, port: server.port };
      try {
        const reply = await this.#askAt(remote, request, signal);
        this.#lastGood = address;
        return reply;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error instanceof PublishError || error instanceof RangeError) throw error;
        failures.push(`${formatEndpoint(remote)}: ${describe(error)}`);
      }
    }
    throw new PublishError(provider, `no answer from the name server: ${failures.join("; ")}`);
  }

  async #addresses(signal: AbortSignal): Promise<readonly string[]> {
    const { provider, server } = this.#options;
    const families: readonly Family[] = [4, 6];
    const found = await Promise.allSettled(
      families.map((family) => this.#parts.net.resolve(server.host, family, signal)),
    );
    signal.throwIfAborted();
    const addresses = found.flatMap((one) => one.status === "fulfilled" ? one.value : []);
    if (addresses.length === 0) {
      const reason = found.map((one) => one.status === "rejected" ? errorMessage(one.reason) : "")[0];
      throw new PublishError(provider, `the name server has no address: ${reason}`);
    }
    // One of each family before the second of one.
    const [v4, v6] = families.map((family) =>
      addresses.filter((one) => one.includes(":") === (family === 6))
    );
    const mixed = (v4 ?? []).flatMap((one, i) => [one, ...(v6 ?? []).slice(i, i + 1)])
      .concat((v6 ?? []).slice(v4?.length ?? 0));
    const rank = (one: string): number => one === this.#lastGood ? 0 : 1;
    return mixed.sort((a, b) => rank(a) - rank(b)).slice(0, MOST_ADDRESSES);
  }

  async #askAt(remote: Endpoint, request: DnsRequest, signal: AbortSignal): Promise<DnsReply> {
    const { net, clock, random } = this.#parts;
    const { provider, transport } = this.#options;
    const [high = 0, low = 0] = random.bytes(2);
    const plain = encodeMessage({ ...BLANK, ...request, id: high << 8 | low });
    const now = clock.date();
    const signed = this.#key && await signMessage(plain, { key: this.#key, now });
    const bytes = signed?.bytes ?? plain;
    const judge = new AnswerJudge(decodeMessage(plain), {
      key: this.#key,
      mac: signed?.mac,
      parts: this.#parts,
    });
    const options = { net, clock, remote, read: (answer: Uint8Array) => judge.read(answer), signal };
    if (transport === "udp" && bytes.length > MOST_UDP_BYTES) {
      const reason = `an update of ${bytes.length} bytes is too long for UDP; transport "auto" or "tcp" can`;
      throw new PublishError(provider, reason, { isPermanent: true });
    }
    try {
      if (transport === "tcp" || transport === "auto" && bytes.length > AUTO_UDP_BYTES) {
        return await exchangeTcp(bytes, options);
      }
      const reply = await exchangeUdp(bytes, options);
      if (reply === undefined) throw new TimeoutError("no answer over UDP");
      if (!reply.message.isTruncated) return reply;
      if (transport === "auto") return await exchangeTcp(bytes, options);
    } catch (error) {
      if (signal.aborted || judge.problem === undefined) throw error;
      // What came says more than that nothing else came.
      throw new Error(judge.problem, { cause: error });
    }
    const reason = 'the answer is too long for UDP; transport "auto" or "tcp" can';
    throw new PublishError(provider, reason, { isPermanent: true });
  }
}

const BLANK: Omit<DnsMessage, "id" | "opcode" | "questions" | "answers" | "authorities"> = {
  ...{ isResponse: false, isAuthoritative: false, isTruncated: false },
  ...{ recursionDesired: false, recursionAvailable: false, rcode: 0, additionals: [] },
};

/** Tells the answer to one request from what else comes. */
class AnswerJudge {
  readonly #request: DnsMessage;
  readonly #options: {
    readonly key: TsigKey | undefined;
    readonly mac: Uint8Array | undefined;
    readonly parts: NameServerParts;
  };
  /** What was wrong with what came, and was passed over. */
  problem: string | undefined;

  constructor(
    request: DnsMessage,
    options: {
      readonly key: TsigKey | undefined;
      readonly mac: Uint8Array | undefined;
      readonly parts: NameServerParts;
    },
  ) {
    this.#request = request;
    this.#options = options;
  }

  async read(bytes: Uint8Array): Promise<DnsReply | undefined> {
    const message = decoded(bytes);
    if (message === undefined) {
      this.problem = "what it sent is no DNS message";
      return undefined;
    }
    if (!this.#fits(message)) {
      this.problem ??= "what it sent is no answer to what was asked";
      return undefined;
    }
    const { key, mac, parts } = this.#options;
    if (key === undefined || mac === undefined) return { message };
    const finding = await verifyAnswer(bytes, { key, requestMac: mac, now: parts.clock.date() });
    switch (finding.kind) {
      case "valid":
        return { message };
      case "refused":
        return { message, refusal: finding };
      case "unsigned":
        if (UNSIGNED_REFUSALS.has(message.rcode)) return { message };
        this.problem = "its answer is not signed (TSIG)";
        return undefined;
      case "wrong":
        this.problem = finding.part === "time"
          ? "its answer was signed at another time: this machine's clock is wrong, or the server's"
          : `its answer is signed wrongly (TSIG, ${finding.part})`;
        return undefined;
    }
  }

  #fits(answer: DnsMessage): boolean {
    const { id, opcode, questions } = this.#request;
    if (answer.id !== id || !answer.isResponse || answer.opcode !== opcode) return false;
    // Refusals and answers to updates may leave it out (RFC 2136, section 3.8).
    if (answer.questions.length === 0) return opcode !== 0 || answer.rcode !== 0;
    const isSame = (a: DnsQuestion, b: DnsQuestion | undefined): boolean =>
      a.name === b?.name && a.type === b.type && a.class === b.class;
    return answer.questions.length === questions.length &&
      answer.questions.every((one, i) => isSame(one, questions[i]));
  }
}

function decoded(bytes: Uint8Array): DnsMessage | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (error instanceof DnsDecodeError) return undefined;
    throw error;
  }
}

function describe(error: unknown): string {
  return error instanceof TimeoutError ? "no answer in time" : errorMessage(error);
}
