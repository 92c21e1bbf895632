import type { Descriptor } from "../../ffi/mod.ts";
import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { Platform } from "../core/platform.ts";
import { SharedCounters } from "./counters.ts";
import { ForwardLoopError, ownEndpointOf } from "./forward_loop.ts";
import type { ClientRecord, ForwardCounters, ForwardSession } from "./forwarder.ts";
import type { ForwardOptions } from "./options.ts";
import { TargetResolver } from "./target_resolver.ts";
import type { TunnelConfig } from "./worker_messages.ts";

/** What a {@linkcode RelaySession} is made of. */
export interface RelaySessionOptions {
  readonly platform: Platform;
  readonly id: number;
  readonly internal: Endpoint;
  readonly options: ForwardOptions;
  readonly onClient: (record: ClientRecord) => void;
  /** Tells the Worker. */
  readonly onTargets: (targets: readonly Endpoint[]) => void;
  /** Takes the tunnel out of the Worker. */
  readonly onDispose: () => Promise<void>;
}

/** One tunnel in the Worker as the main thread sees it: the listening socket, the target and who is connected. */
export class RelaySession implements ForwardSession {
  readonly method = "relay";
  readonly id: number;
  readonly #parts: RelaySessionOptions;
  readonly #counters = new SharedCounters();
  /** Clients that are there, so that each gets its end even when the Worker dies. */
  readonly #clients = new Map<string, { readonly record: ClientRecord; readonly sinceMs: number }>();
  readonly #resolver: TargetResolver;
  #socket: Descriptor | undefined;
  #external: Endpoint | undefined;
  #disposing: Promise<void> | undefined;

  /**
   * Begins to resolve the target.
   *
   * @param socket Bound (TCP: listening); belongs to the session from now on.
   */
  constructor(socket: Descriptor, parts: RelaySessionOptions) {
    this.id = parts.id;
    this.#parts = parts;
    this.#socket = socket;
    this.#resolver = TargetResolver.start({
      platform: parts.platform,
      target: parts.options.target,
      preferredFamily: parts.internal.address.includes(":") ? 6 : 4,
      onTargets: () => this.#publish(),
    });
  }

  get target(): Endpoint | undefined {
    return this.#targets()[0];
  }

  get counters(): ForwardCounters {
    return this.#counters.read();
  }

  /** For the Worker, as of now. */
  get config(): TunnelConfig {
    const { id, internal, options } = this.#parts;
    if (this.#socket === undefined) throw new TypeError("Cannot use tunnel: it is closed");
    return {
      id,
      fd: this.#socket.number,
      internal,
      options,
      counters: this.#counters.memory,
      targets: this.#targets(),
    };
  }

  /** @throws {ForwardLoopError} If a target is this tunnel itself. */
  refuseLoop(): void {
    for (const target of this.#resolver.targets) {
      const own = this.#ownEndpoint(target);
      if (own !== undefined) throw new ForwardLoopError(target, own);
    }
  }

  retarget(external: Endpoint): void {
    this.#external = external;
    this.#resolver.setExternalPort(external.port);
    this.#publish();
    try {
      this.refuseLoop();
    } catch (error) {
      this.#parts.platform.log.error(errorMessage(error), { tunnel: this.#parts.options.name });
    }
  }

  /** Passes a record of the Worker on. */
  take(record: ClientRecord): void {
    const key = formatEndpoint(record.client);
    if (record.state === "opened") {
      this.#clients.set(key, { record, sinceMs: this.#parts.platform.clock.now() });
    } else if (record.state === "closed") this.#clients.delete(key);
    this.#tell(record);
  }

  /** The Worker is gone, and with it all clients whose end it did not tell. @param reason For their records. */
  lose(reason: string): void {
    const nowMs = this.#parts.platform.clock.now();
    const lost = [...this.#clients.values()];
    this.#clients.clear();
    this.#counters.clearActive();
    for (const { record, sinceMs } of lost) {
      const durationMs = Math.round(nowMs - sinceMs);
      this.#tell({ ...record, state: "closed", durationMs, reason });
    }
  }

  /** No target could be connected to. */
  targetFailed(): void {
    this.#resolver.reportFailure();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposing ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    try {
      await this.#parts.onDispose();
    } finally {
      this.#socket?.[Symbol.dispose]();
      this.#socket = undefined;
      await this.#resolver[Symbol.asyncDispose]();
    }
  }

  /** Endpoints to try, those that would come back to us left out. */
  #targets(): readonly Endpoint[] {
    return this.#resolver.targets.filter((target) => this.#ownEndpoint(target) === undefined);
  }

  #ownEndpoint(target: Endpoint): Endpoint | undefined {
    return ownEndpointOf(target, { internal: this.#parts.internal, external: this.#external });
  }

  #publish(): void {
    // A literal target is told while the constructor still runs.
    if (this.#resolver !== undefined && this.#disposing === undefined) this.#parts.onTargets(this.#targets());
  }

  #tell(record: ClientRecord): void {
    try {
      this.#parts.onClient(record);
    } catch (error) {
      this.#parts.platform.log.error("A reader of clients failed", { reason: errorMessage(error) });
    }
  }
}
