import { type SocketSharing, SystemError } from "../../ffi/mod.ts";
import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Protocol } from "../core/mapping.ts";
import type { SocketHolder } from "./find_holders.ts";
import { hasPidfdGetfd, readOwnRights } from "./own_rights.ts";
import { type HeldSocket, type PortSurvey, readPortRows, surveyPort } from "./port_survey.ts";
import { type ProcFiles, systemProc } from "./proc_files.ts";
import type { ShareRefusal } from "./share_refusal.ts";
import { type ServiceProcess, SharingPass } from "./sharing_pass.ts";
import { kernelGrip, type SocketGrip } from "./socket_grip.ts";
import { TouchedSockets } from "./touched_sockets.ts";

/** What came of {@linkcode PortSharing.share}. */
export type ShareResult =
  | {
    readonly kind: "shared";
    /** Whose our socket has to be before it is bound; `undefined` if it is ours already, or does not matter. */
    readonly ownerUid: number | undefined;
    /** Who serves the port. */
    readonly holders: readonly ServiceProcess[];
    /** The service had set SO_REUSEPORT, or it was set on its sockets now. */
    readonly way: "already" | "pidfd";
    /** The service could be started anew while our sockets are on the port: it sets SO_REUSEADDR or SO_REUSEPORT. */
    readonly canRestart: boolean;
    /** Closed connections that may hold the port for another minute. */
    readonly orphanCount: number;
    /** Why binding may fail all the same. */
    readonly doubt: ShareRefusal | undefined;
  }
  | { readonly kind: "refused"; readonly reason: ShareRefusal };

/** Options for {@linkcode PortSharing.open}. */
export interface PortSharingOptions {
  readonly log: Logger;
  /** @default {systemProc} */
  readonly files?: ProcFiles;
  /** @default {kernelGrip} */
  readonly grip?: SocketGrip;
  /** Never touched. @default {Deno.pid} */
  readonly ownPid?: number;
  /** Whose our sockets are. @default {Deno.uid()} */
  readonly ownUid?: number;
}

/** Refusals that may be gone at a second look. */
const PASSING: ReadonlySet<ShareRefusal["kind"]> = new Set([
  ...["no-row", "unsettled", "kernel-socket", "other-namespace"] as const,
]);

/** Sockets changed before other tasks get their turn. */
const CHANGES_PER_TURN = 32;

/**
 * Makes ports of running services shareable: SO_REUSEPORT is set on every socket of exactly that port, through a copy
 * of its descriptor (pidfd_getfd, Linux 5.6). Nothing is done before it is asked for, and never to sockets of this
 * process. Disposing gives the sockets their old values back. One for the whole process.
 */
export class PortSharing implements AsyncDisposable {
  readonly #log: Logger;
  readonly #files: ProcFiles;
  readonly #grip: SocketGrip;
  readonly #ownPid: number;
  readonly #ownUid: number | null;
  readonly #touched: TouchedSockets;
  readonly #running = new Map<string, Promise<ShareResult>>();
  #isClosed = false;

  private constructor(options: PortSharingOptions) {
    const { log, files = systemProc, grip = kernelGrip, ownPid = Deno.pid, ownUid = Deno.uid() } = options;
    this.#log = log;
    this.#files = files;
    this.#grip = grip;
    this.#ownPid = ownPid;
    this.#ownUid = ownUid;
    this.#touched = new TouchedSockets({ files, grip, ownPid });
  }

  /** Reads and changes nothing yet. */
  static open(options: PortSharingOptions): PortSharing {
    return new PortSharing(options);
  }

  /**
   * Whose sockets serve the endpoint, if they are one user's and not our own: then a socket of that user can be bound
   * beside a service that shares its port by itself. Needs no privilege.
   *
   * @throws {Error} If /proc cannot be read.
   */
  async ownerUid(protocol: Protocol, local: Endpoint): Promise<number | undefined> {
    const { serving, perhaps } = await readPortRows(protocol, local, this.#files);
    const rows = serving.length > 0 ? serving : perhaps;
    const uids = new Set(rows.map(({ uid }) => uid));
    return uids.size === 1 ? this.#foreign(rows[0]?.uid) : undefined;
  }

  /** Who is on the port of an endpoint; touches nothing. @throws {Error} If /proc cannot be read. */
  survey(protocol: Protocol, local: Endpoint): Promise<PortSurvey> {
    return surveyPort(protocol, local, { files: this.#files, ownPid: this.#ownPid });
  }

  /**
   * Makes the port of an endpoint shareable, as far as `local` needs it; a refusal leaves everything as it was. Asked
   * twice at once it works once.
   *
   * @throws {SystemError} If we have no descriptor left, and the like.
   * @throws {Error} If /proc cannot be read.
   */
  async share(protocol: Protocol, local: Endpoint): Promise<ShareResult> {
    if (this.#isClosed) throw new TypeError("Cannot share port: sharing was closed");
    const key = `${protocol} ${formatEndpoint(local)}`;
    const running = this.#running.get(key) ?? this.#shareSettled(protocol, local);
    this.#running.set(key, running);
    try {
      return await running;
    } finally {
      this.#running.delete(key);
    }
  }

  /** What a socket was like before it was made shareable here; `undefined` if it was not. */
  beforeOf(inode: number): SocketSharing | undefined {
    return this.#touched.before(inode);
  }

  /** What was changed on a port is given back at once: it did not help. */
  giveUp(protocol: Protocol, port: number): void {
    this.#touched.restorePort(protocol, port);
  }

  /** Sockets get their old values back; what could not be restored is told in the log. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.allSettled(this.#running.values());
    try {
      const left = await this.#touched.restoreAll();
      if (left > 0) this.#log.warn("Some sockets of a service stay shareable", { sockets: left });
    } catch (error) {
      this.#log.warn("Cannot restore the sockets of a service", { reason: errorMessage(error) });
    }
  }

  /** What a service that starts or ends just now looks like; a second look decides. */
  async #shareSettled(protocol: Protocol, local: Endpoint): Promise<ShareResult> {
    const first = await this.#shareOnce(protocol, local);
    const isSettled = first.kind === "shared" || !PASSING.has(first.reason.kind);
    return isSettled ? first : await this.#shareOnce(protocol, local);
  }

  async #shareOnce(protocol: Protocol, local: Endpoint): Promise<ShareResult> {
    const survey = await this.survey(protocol, local);
    const reason = whyNothingToShare(survey);
    if (reason !== undefined) return refused(reason);
    const work = new SharingPass(protocol, local);
    try {
      let count = 0;
      for (const socket of work.order(survey)) {
        if (++count % CHANGES_PER_TURN === 0) await breathe();
        this.#changeOne(work, socket);
      }
    } catch (error) {
      this.#touched.restoreSome(work.changed);
      if (error instanceof RefusedHolder) return refused(await this.#explain(error));
      throw error;
    }
    const blocker = work.blocker;
    if (blocker === undefined) return this.#resultOf(work, survey);
    this.#touched.restoreSome(work.changed);
    return refused(blocker);
  }

  #changeOne(work: SharingPass, socket: HeldSocket): void {
    let refusal: RefusedHolder | undefined;
    for (const holder of socket.holders) {
      try {
        const { inode } = socket.row;
        const before = this.#grip.change({ ...holder, inode }, (now) => work.wantedOf(socket, now));
        if (before === undefined) continue;
        const wanted = work.wantedOf(socket, before);
        if (wanted !== undefined && this.#touched.note(socket, { before, wanted })) work.changed.push(inode);
        return work.take(socket, { ...before, ...this.#touched.before(inode) });
      } catch (error) {
        if (!(error instanceof SystemError) || !isRefusal(error)) throw error;
        refusal ??= new RefusedHolder(holder, error);
      }
    }
    if (refusal !== undefined) throw refusal;
    work.miss(socket);
  }

  #resultOf(work: SharingPass, { orphanCount, doubt }: PortSurvey): ShareResult {
    const { holders, way, canRestart } = work;
    const ownerUid = this.#foreign(work.uids[0]);
    return { kind: "shared", ownerUid, holders, way, canRestart, orphanCount, doubt };
  }

  async #explain({ holder: { pid, comm }, refusal: { code, call } }: RefusedHolder): Promise<ShareRefusal> {
    const { release, ptraceScope } = await readOwnRights(this.#files);
    if (code === "ENOSYS" && !hasPidfdGetfd(release)) return { kind: "kernel-too-old", release };
    if (code === "ENOSYS" || call === "pidfd_open") return { kind: "seccomp", call };
    return { kind: "ptrace-refused", pid, comm, ptraceScope };
  }

  #foreign(uid: number | undefined): number | undefined {
    return uid === this.#ownUid ? undefined : uid;
  }
}

function breathe(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function refused(reason: ShareRefusal): ShareResult {
  return { kind: "refused", reason };
}

function whyNothingToShare(survey: PortSurvey): ShareRefusal | undefined {
  const { serving, perhaps, connections, obstacle, doubt, orphanCount } = survey;
  if (obstacle !== undefined) return obstacle;
  if (serving.length + perhaps.length + connections.length > 0) return undefined;
  if (doubt !== undefined) return doubt;
  return orphanCount > 0 ? { kind: "time-wait", count: orphanCount } : { kind: "no-row" };
}

function isRefusal({ code }: SystemError): boolean {
  return code === "EPERM" || code === "EACCES" || code === "ENOSYS";
}

/** Control flow inside this file: a process may not be touched. */
class RefusedHolder extends Error {
  readonly holder: SocketHolder;
  readonly refusal: SystemError;

  constructor(holder: SocketHolder, refusal: SystemError) {
    super(refusal.message, { cause: refusal });
    this.holder = holder;
    this.refusal = refusal;
  }
}
