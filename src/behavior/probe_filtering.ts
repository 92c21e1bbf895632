import type { Endpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { BindOptions, DatagramSocket } from "../core/net.ts";
import type { Platform } from "../core/platform.ts";
import type { ChangeRequest } from "../stun/attributes.ts";
import { BindingTransactions, type PendingTransaction } from "../stun/transactions.ts";
import {
  type FilteringProbe,
  type FilteringResult,
  pendingRequests,
  type ProbeInput,
  type ProbePhase,
  type ProbeRequest,
  startFilteringProbe,
  stepFilteringProbe,
} from "./filtering_probe.ts";

/** Options for {@linkcode probeUdpFiltering}. */
export interface ProbeFilteringOptions extends Omit<BindOptions, "reusePort"> {
  /** Network, clock and randomness. */
  readonly platform: Platform;
  /** Primary endpoint of a STUN server. */
  readonly server: Endpoint;
  /** Address to probe from; the port is always a fresh one. */
  readonly localAddress: string;
  /** Between repetitions, three of which make a phase. @default {400} */
  readonly waveMs?: number | undefined;
  /** Ends the probe. */
  readonly signal?: AbortSignal | undefined;
}

/** Sends per request and phase. */
const WAVES_PER_PHASE = 3;

const CHANGES: Readonly<Partial<Record<ProbeRequest, ChangeRequest>>> = {
  "changed-both": { changesAddress: true, changesPort: true },
  "changed-port": { changesAddress: false, changesPort: true },
};

interface ProbeTag {
  readonly request: ProbeRequest;
  readonly phase: ProbePhase;
}

/**
 * Finds out over UDP whether strangers get in (RFC 5780, section 4.4). Conclusive with one server and never a
 * guess: "filtered" is only said after a control experiment, in which the alternate endpoint was let in, showed
 * that the server does answer from there. Ends after one round trip where nothing is filtered or the server has
 * no second address, after 3.6 s at the latest.
 *
 * The socket has a port of its own: on the port of a mapping earlier traffic would let the "stranger" in.
 *
 * @throws {Error} With the kernel's code if the socket cannot be opened.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function probeUdpFiltering(options: ProbeFilteringOptions): Promise<FilteringResult> {
  const { platform, localAddress, device, mark, signal } = options;
  signal?.throwIfAborted();
  const run = new ProbeRun(options);
  const open = async (): Promise<DatagramSocket> =>
    await platform.net.openDatagram({
      local: { address: localAddress, port: 0 },
      device,
      mark,
      onDatagram: (data, from) => run.take(data, from),
      onError: (error) => run.noteError(error),
    });
  using socket = await open();
  using fresh = await open();
  signal?.throwIfAborted();
  const stop = (): void => run.fail(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return await run.run({ socket, fresh });
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** The socket that strangers knock at, and one that nobody has knocked at. */
interface ProbeSockets {
  readonly socket: DatagramSocket;
  readonly fresh: DatagramSocket;
}

class ProbeRun {
  readonly #options: ProbeFilteringOptions;
  readonly #transactions: BindingTransactions<ProbeTag>;
  readonly #requests = new Map<string, PendingTransaction<ProbeTag>>();
  readonly #done: PromiseWithResolvers<FilteringResult> = Promise.withResolvers();
  #probe: FilteringProbe;
  #sockets: ProbeSockets | undefined;
  #lastError: unknown;

  constructor(options: ProbeFilteringOptions) {
    const { random } = options.platform;
    this.#options = options;
    this.#transactions = new BindingTransactions({ randomBytes: (length) => random.bytes(length) });
    this.#probe = startFilteringProbe(options.server);
  }

  async run(sockets: ProbeSockets): Promise<FilteringResult> {
    const { platform: { clock }, waveMs = 400 } = this.#options;
    this.#sockets = sockets;
    let timer: Disposable | undefined;
    let waves = 0;
    const wave = (): void => {
      if (waves === WAVES_PER_PHASE) {
        waves = 0;
        this.#step({ kind: "phase-over" });
      }
      waves++;
      this.#sendPending();
      if (this.#probe.result === undefined) timer = clock.schedule(waveMs, wave);
    };
    wave();
    try {
      return await this.#done.promise;
    } finally {
      timer?.[Symbol.dispose]();
    }
  }

  fail(error: unknown): void {
    this.#done.reject(error);
  }

  /** Refusals are no evidence either way; the last one explains a silent server. */
  noteError(error: unknown): void {
    this.#lastError = error;
  }

  take(data: Uint8Array, from: Endpoint): void {
    const accepted = this.#transactions.accept(data, from);
    if (accepted.kind === "dropped") return;
    const { request, phase } = accepted.transaction.tag;
    if (accepted.kind === "refusal") {
      return this.#step({ kind: "refusal", request, phase, from, status: accepted.error.status });
    }
    const { reflexive, otherAddress } = accepted.answer;
    this.#step({ kind: "answer", request, phase, from, reflexive, otherAddress });
    // There the knock waits for the answers before it.
    if (phase === "fresh" && request !== "changed-both") this.#sendPending();
  }

  #step(input: ProbeInput): void {
    this.#probe = stepFilteringProbe(this.#probe, input);
    const { result } = this.#probe;
    if (result === undefined) return;
    const isSilent = result.evidence.reflexive === undefined && this.#lastError !== undefined;
    this.#done.resolve(
      isSilent ? { ...result, reason: `${result.reason}: ${errorMessage(this.#lastError)}` } : result,
    );
  }

  #sendPending(): void {
    const socket = this.#probe.phase === "fresh" ? this.#sockets?.fresh : this.#sockets?.socket;
    for (const { request, to } of pendingRequests(this.#probe)) {
      try {
        socket?.send(this.#transactionFor(request, to).bytes, to);
      } catch (error) {
        // Like a packet lost on the wire: the next wave tries again.
        this.noteError(error);
      }
    }
  }

  /** One transaction per request and phase, so that a late answer shows which phase asked for it. */
  #transactionFor(request: ProbeRequest, to: Endpoint): PendingTransaction<ProbeTag> {
    const { phase } = this.#probe;
    const key = `${phase} ${request}`;
    const known = this.#requests.get(key);
    if (known !== undefined) return known;
    const change = CHANGES[request];
    const opened = this.#transactions.open({
      server: to,
      change,
      answerers: change === undefined ? undefined : "any",
      tag: { request, phase },
    });
    this.#requests.set(key, opened);
    return opened;
  }
}
