import { holdLibc, raiseDescriptorLimit } from "../../ffi/mod.ts";
import type { Endpoint } from "../core/endpoint.ts";
import type { Platform } from "../core/platform.ts";
import type { ClientRecord, Forwarder, ForwardSession } from "./forwarder.ts";
import type { ForwardOptions } from "./options.ts";
import { openPublicSocket } from "./relay_bind.ts";
import { RelaySession } from "./relay_session.ts";
import { WorkerHost } from "./worker_host.ts";
import type { WorkerReport, WorkerRequest } from "./worker_messages.ts";
import { unpackRecords } from "./worker_records.ts";

/** Descriptors that are not for connections: the keeper's, the runtime's, pipes. */
const RESERVED_DESCRIPTORS = 64;

/** More than this no home uses, and the ledger has a bit for each: 128 KiB. */
const DESCRIPTORS_WANTED = 1 << 20;

/** A Worker that does not answer is dead, which is noticed elsewhere; nobody waits longer for it. */
const ANSWER_LIMIT_MS = 1000;

/** Options for {@linkcode openWorkerForwarder}. */
export interface WorkerForwarderOptions {
  readonly platform: Platform;
}

/** What a Worker could not do. */
class WorkerRefusal extends Error {
  override readonly name = "WorkerRefusal";
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

/**
 * Opens the forwarder of Linux: one Worker with one epoll loop for all tunnels of the process, started with the
 * first tunnel. Raises the soft limit of descriptors.
 *
 * @throws {Error} If there is no glibc or no permission for FFI.
 */
// deno-lint-ignore require-await
export async function openWorkerForwarder(options: WorkerForwarderOptions): Promise<WorkerForwarder> {
  using rollback = new DisposableStack();
  rollback.use(holdLibc());
  const limit = raiseDescriptorLimit(DESCRIPTORS_WANTED);
  const forwarder = new WorkerForwarder(
    options.platform,
    Math.min(limit, DESCRIPTORS_WANTED),
    rollback.move(),
  );
  return forwarder;
}

/** See {@linkcode openWorkerForwarder}. */
export class WorkerForwarder implements Forwarder {
  readonly #platform: Platform;
  readonly #descriptors: number;
  readonly #libc: Disposable;
  readonly #sessions = new Map<number, RelaySession>();
  readonly #answers = new Map<string, PromiseWithResolvers<WorkerReport | undefined>>();
  #host: Promise<WorkerHost> | undefined;
  /** The same, once it is there. */
  #living: WorkerHost | undefined;
  #lastId = 0;
  #isClosed = false;

  /** For {@linkcode openWorkerForwarder}. */
  constructor(platform: Platform, descriptors: number, libc: Disposable) {
    this.#platform = platform;
    this.#descriptors = descriptors;
    this.#libc = libc;
  }

  async forward(
    internal: Endpoint,
    options: ForwardOptions,
    onClient: (record: ClientRecord) => void,
  ): Promise<ForwardSession> {
    if (this.#isClosed) throw new TypeError("Cannot forward: the forwarder is closed");
    await this.#start();
    const id = ++this.#lastId;
    const platform = this.#platform;
    const session = new RelaySession(openPublicSocket(internal, options, platform.log), {
      platform,
      id,
      internal,
      options,
      onClient,
      onTargets: (targets) => this.#send({ type: "targets", id, targets }),
      onDispose: () => this.#remove(id),
    });
    try {
      session.refuseLoop();
      this.#sessions.set(id, session);
      await this.#add(session);
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
    return session;
  }

  /** For tests: has the Worker fail as if by a bug, or hang. */
  crashWorker(how: "throw" | "hang"): void {
    this.#send({ type: "crash", how });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const host = await this.#host?.catch(() => undefined);
    // The Worker ends all tunnels at once; asking for each would only take longer.
    await host?.[Symbol.asyncDispose]();
    this.#living = undefined;
    await Promise.all([...this.#sessions.values()].map((session) => session[Symbol.asyncDispose]()));
    this.#libc[Symbol.dispose]();
  }

  async #start(): Promise<void> {
    this.#host ??= this.#openHost();
    try {
      this.#living = await this.#host;
    } catch (error) {
      this.#host = undefined;
      throw error;
    }
  }

  #openHost(): Promise<WorkerHost> {
    const maxSessions = Math.max(1, Math.floor((this.#descriptors - RESERVED_DESCRIPTORS) / 2));
    this.#platform.log.info("The forwarder starts", { maxSessions, descriptors: this.#descriptors });
    return WorkerHost.open({
      platform: this.#platform,
      maxSessions,
      maxDescriptors: this.#descriptors,
      onReport: (report) => this.#take(report),
      onLost: () => this.#lose(),
      onRestarted: () => this.#restore(),
    });
  }

  async #add(session: RelaySession): Promise<void> {
    const report = await this.#ask(`added ${session.id}`, { type: "add", tunnel: session.config });
    if (report?.type !== "added" || report.problem === undefined) return;
    throw new WorkerRefusal(report.problem.message, report.problem.code);
  }

  async #remove(id: number): Promise<void> {
    await this.#ask(`removed ${id}`, { type: "remove", id });
    this.#sessions.get(id)?.lose("stopped");
    this.#sessions.delete(id);
  }

  #send(request: WorkerRequest): void {
    this.#living?.send(request);
  }

  /** Sends and waits for the answer; `undefined` if the Worker died meanwhile: its successor gets all tunnels anew. */
  async #ask(key: string, request: WorkerRequest): Promise<WorkerReport | undefined> {
    if (this.#living?.isAlive !== true) return undefined;
    const answer = Promise.withResolvers<WorkerReport | undefined>();
    this.#answers.set(key, answer);
    this.#send(request);
    using _limit = this.#platform.clock.schedule(ANSWER_LIMIT_MS, () => answer.resolve(undefined));
    const report = await answer.promise;
    this.#answers.delete(key);
    return report;
  }

  #take(report: WorkerReport): void {
    switch (report.type) {
      case "clients":
        return unpackRecords(report.packed, (id, record) => this.#sessions.get(id)?.take(record));
      case "target-failed":
        return this.#sessions.get(report.id)?.targetFailed();
      case "log":
        return this.#platform.log[report.level](report.message, report.fields);
      case "added":
      case "removed":
        return this.#answers.get(`${report.type} ${report.id}`)?.resolve(report);
    }
  }

  #lose(): void {
    for (const answer of this.#answers.values()) answer.resolve(undefined);
    for (const session of this.#sessions.values()) session.lose("forwarder died");
  }

  #restore(): void {
    for (const session of this.#sessions.values()) {
      this.#send({ type: "add", tunnel: session.config });
    }
  }
}
