import { type Endpoint, familyOf } from "../core/endpoint.ts";
import type { SocketSharing } from "../../ffi/mod.ts";
import type { Protocol } from "../core/mapping.ts";
import { isServing } from "./port_rows.ts";
import type { HeldSocket, PortSurvey } from "./port_survey.ts";
import type { ShareRefusal } from "./share_refusal.ts";
import type { SocketState } from "./socket_grip.ts";

/** A process of the service. */
export interface ServiceProcess {
  readonly pid: number;
  /** Its name, as /proc/PID/comm has it. */
  readonly comm: string;
}

/** What one pass over the sockets of a port wants, and what it saw. Touches nothing itself. */
export class SharingPass {
  readonly #protocol: Protocol;
  readonly #local: Endpoint;
  readonly #serving: { readonly socket: HeldSocket; readonly before: SocketState }[] = [];
  readonly #perhaps = new Set<HeldSocket>();
  #hasMissed = false;
  /** Inodes of what was changed for the first time. */
  readonly changed: number[] = [];

  /** `local` is what is to be bound. */
  constructor(protocol: Protocol, local: Endpoint) {
    this.#protocol = protocol;
    this.#local = local;
  }

  /** Those that matter most first: if they are refused, nothing else was touched. */
  order({ serving, perhaps, connections }: PortSurvey): readonly HeldSocket[] {
    for (const socket of perhaps) this.#perhaps.add(socket);
    return [...serving, ...perhaps, ...connections];
  }

  /**
   * SO_REUSEPORT lets sockets of the same user in, for listeners as for UDP. A connection of a listener may belong to
   * another user (the worker who accepted it), which SO_REUSEADDR does not ask for; on a listener it lets nobody in,
   * and is inherited by what it accepts. On a UDP socket it would let every user in, so there it stays as it is.
   */
  wantedOf(socket: HeldSocket, now: SocketState): SocketSharing | undefined {
    if (this.#isBeside(socket, now)) return undefined;
    const reuseAddress = now.reuseAddress || this.#protocol === "tcp";
    return now.reusePort && now.reuseAddress === reuseAddress ? undefined : { reusePort: true, reuseAddress };
  }

  /** It was changed, or needed no change. */
  take(socket: HeldSocket, before: SocketState): void {
    if (!this.#isBeside(socket, before) && isServing(socket.row)) this.#serving.push({ socket, before });
  }

  /** Its descriptor went away between looking and touching. A connection may; a service has to be looked for again. */
  miss(socket: HeldSocket): void {
    this.#hasMissed ||= isServing(socket.row);
  }

  /** Why our socket cannot be bound although everything was changed. */
  get blocker(): ShareRefusal | undefined {
    if (this.#hasMissed) return { kind: "unsettled" };
    return this.uids.length > 1 ? { kind: "mixed-uids", uids: this.uids } : undefined;
  }

  /** Whose the sockets that serve the endpoint are. */
  get uids(): readonly number[] {
    return [...new Set(this.#serving.map(({ socket }) => socket.row.uid))].sort((a, b) => a - b);
  }

  /** The first of each socket's: a master is there before its workers. */
  get holders(): readonly ServiceProcess[] {
    const names = new Map<number, string>();
    for (const { socket: { holders: [first] } } of this.#serving) {
      if (first !== undefined) names.set(first.pid, first.comm);
    }
    return [...names].map(([pid, comm]) => ({ pid, comm }));
  }

  /** Whether the service had set SO_REUSEPORT everywhere. */
  get way(): "already" | "pidfd" {
    return this.#serving.every(({ before }) => before.reusePort) ? "already" : "pidfd";
  }

  /** Whether its sockets could be bound again beside ours. */
  get canRestart(): boolean {
    return this.#serving.every(({ before }) => before.reusePort || before.reuseAddress);
  }

  /** `[::]` that serves no IPv4 is none of our business. */
  #isBeside(socket: HeldSocket, { isIpv6Only }: SocketState): boolean {
    return isIpv6Only && this.#perhaps.has(socket) && familyOf(this.#local.address) === 4;
  }
}
