import { type Clock, delay } from "../../core/clock.ts";
import { openDeadline } from "../../core/deadline.ts";
import { type Endpoint, type HostPort, isSameEndpoint } from "../../core/endpoint.ts";
import type { StunServer, StunServerList } from "../../stun/server_list.ts";
import type { Finding } from "../nat_report.ts";
import type { PortPair } from "../port_pattern.ts";
import type { TrialOutcome } from "./bracket.ts";
import type { LifetimeReasonCode, LifetimeWay } from "./lifetime_report.ts";
import type { BatchSizes } from "./search.ts";
import type { Trial, TrialBench } from "./search_run.ts";
import { KNOCKS, type LifetimeContext, type LifetimeSocket, LifetimeSockets } from "./udp_socket.ts";

/** Servers asked at first, to find one that can send to another port. */
const CANDIDATES = 8;
/** With asker and watched socket 24 in all. */
const SIZES: BatchSizes = [9, 10, 3];
/** Between the first packets of fresh sockets, so that their order tells how ports are given. */
const SPACING_MS = 20;

/** Why nothing can be measured. */
export class NoWay {
  /** The reason. */
  readonly reason: LifetimeReasonCode;

  /** Carries the reason. */
  constructor(reason: LifetimeReasonCode) {
    this.reason = reason;
  }
}

interface Found {
  readonly way: LifetimeWay;
  readonly server: StunServer;
  readonly external: Endpoint;
}

/**
 * Makes UDP mappings at one STUN server and looks whether they live, without using them: asking from the mapped socket
 * itself would make a dead mapping anew. Disposing closes the sockets that are not part of a trial.
 */
export class UdpBench implements TrialBench, Disposable {
  readonly sizes: BatchSizes = SIZES;
  /** How it is seen whether a mapping lives. */
  readonly way: LifetimeWay;
  /** A socket that is never asked from after its mapping was made; others come in at it. */
  readonly watched: LifetimeSocket;
  /** The socket that asks for others. */
  readonly asker: LifetimeSocket;
  /** What the server saw of fresh sockets, in the order of asking. */
  readonly samples: PortPair[] = [];
  /** Whether a socket whose mapping died was given the same external endpoint again. */
  samePortAgain: Finding = "unknown";
  readonly #sockets: LifetimeSockets;
  readonly #server: StunServer;

  private constructor(
    parts: {
      readonly sockets: LifetimeSockets;
      readonly asker: LifetimeSocket;
      readonly watched: LifetimeSocket;
    },
    { way, server, external }: Found,
  ) {
    this.#sockets = parts.sockets;
    this.asker = parts.asker;
    this.watched = parts.watched;
    this.watched.external = external;
    this.way = way;
    this.#server = server;
  }

  /**
   * Finds a server and a way to look at mappings; names that do not resolve in time are given up.
   *
   * @throws {Error} With the kernel's code if no socket can be bound.
   * @throws `signal.reason` if aborted.
   */
  static async open(
    context: LifetimeContext,
    servers: StunServerList,
    options: { readonly signal: AbortSignal; readonly namesLimitMs: number },
  ): Promise<UdpBench | NoWay> {
    const { signal } = options;
    const sockets = new LifetimeSockets(context);
    using rollback = new DisposableStack();
    const asker = rollback.use(await sockets.open());
    const watched = rollback.use(await sockets.open());
    const found = await findWay({ ...options, asker, watched, servers, clock: context.platform.clock });
    if (found instanceof NoWay) return found;
    await asker.ask(found.server.endpoint, signal);
    rollback.move();
    return new UdpBench({ sockets, asker, watched }, found);
  }

  /** The server in use, as the user wrote it. */
  get serverSpec(): HostPort {
    return this.#server.spec;
  }

  /** Sockets opened so far. */
  get socketCount(): number {
    return this.#sockets.count;
  }

  /** Opens a batch; sockets that get no answer are left out. */
  async open(count: number, signal: AbortSignal): Promise<readonly Trial[]> {
    using rollback = new DisposableStack();
    const sockets: LifetimeSocket[] = [];
    for (let i = 0; i < count; i++) sockets.push(rollback.use(await this.#sockets.open()));
    const { clock } = this.#sockets.context.platform;
    const { endpoint } = this.#server;
    const asked = await Promise.all(sockets.map(async (socket, i) => {
      await delay(clock, i * SPACING_MS, signal);
      return { socket, answer: await socket.ask(endpoint, signal) };
    }));
    const trials = asked.flatMap(({ socket, answer }): readonly Trial[] => {
      if (answer === undefined) return [];
      this.samples.push({ local: socket.local, seen: answer.reflexive });
      return [{
        sinceMs: socket.answeredAtMs,
        ended: new Promise(() => {}),
        check: (until) => this.#check(socket, until),
        [Symbol.dispose]: () => socket[Symbol.dispose](),
      }];
    });
    rollback.move();
    for (const { socket, answer } of asked) if (answer === undefined) socket[Symbol.dispose]();
    return trials;
  }

  /** Whether something comes in at a socket now. */
  async reaches(target: LifetimeSocket, from: LifetimeSocket, signal: AbortSignal): Promise<boolean> {
    if (this.way !== "response-port" && this.way !== "hairpin") return false;
    return await from.knock(target, { way: this.way, server: this.#server.endpoint, signal });
  }

  [Symbol.dispose](): void {
    this.asker[Symbol.dispose]();
    this.watched[Symbol.dispose]();
  }

  async #check(socket: LifetimeSocket, signal: AbortSignal): Promise<TrialOutcome> {
    return this.way === "same-port"
      ? await this.#askAgain(socket, signal)
      : await this.#comeIn(socket, signal);
  }

  /** After silence the mapping is made anew: what comes in then shows that the silence was a death. */
  async #comeIn(socket: LifetimeSocket, signal: AbortSignal): Promise<TrialOutcome> {
    const { clock } = this.#sockets.context.platform;
    const { sentAtMs, answeredAtMs, external } = socket;
    const startMs = clock.now();
    if (await this.reaches(socket, this.asker, signal)) {
      return { state: "alive", ageMs: startMs - answeredAtMs };
    }
    const lastMs = startMs + (KNOCKS.times - 1) * KNOCKS.everyMs;
    const askedMs = clock.now();
    const answer = await socket.ask(this.#server.endpoint, signal);
    const rttMs = clock.now() - askedMs;
    if (answer === undefined || !await this.reaches(socket, this.asker, signal)) {
      return { state: "unknown", ageMs: startMs - answeredAtMs };
    }
    this.#noteAgain(answer.reflexive, external);
    // The last knock may have been at the NAT as late as a round trip after it left.
    return { state: "dead", ageMs: lastMs + Math.min(rttMs, KNOCKS.patienceMs) - sentAtMs };
  }

  /** Another external endpoint is a death; the same one is a sign of life only where deaths change it. */
  async #askAgain(socket: LifetimeSocket, signal: AbortSignal): Promise<TrialOutcome> {
    const { clock } = this.#sockets.context.platform;
    const { sentAtMs, answeredAtMs, external } = socket;
    const startMs = clock.now();
    const answer = await socket.ask(this.#server.endpoint, signal);
    if (answer === undefined) return { state: "unknown", ageMs: startMs - answeredAtMs };
    if (isSameEndpoint(external, answer.reflexive)) return { state: "alive", ageMs: startMs - answeredAtMs };
    this.#noteAgain(answer.reflexive, external);
    return { state: "dead", ageMs: clock.now() - sentAtMs };
  }

  #noteAgain(seen: Endpoint, before: Endpoint | undefined): void {
    const isSame = isSameEndpoint(seen, before) && this.samePortAgain !== "no";
    this.samePortAgain = isSame ? "yes" : "no";
  }
}

interface WaySearch {
  readonly asker: LifetimeSocket;
  readonly watched: LifetimeSocket;
  readonly servers: StunServerList;
  readonly clock: Clock;
  readonly namesLimitMs: number;
  readonly signal: AbortSignal;
}

/** None if no name resolves in time. */
async function takeCandidates(search: WaySearch): Promise<readonly StunServer[]> {
  const { servers, clock, namesLimitMs, signal } = search;
  using limit = openDeadline(namesLimitMs, { clock, signal });
  try {
    return await servers.take(CANDIDATES, { mayRepeatHosts: false, signal: limit.signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.signal.aborted) throw error;
    return [];
  }
}

/** Each way is tried on a mapping that was just made, so that silence later means something. */
async function findWay(search: WaySearch): Promise<Found | NoWay> {
  const { asker, watched, signal } = search;
  const candidates = await takeCandidates(search);
  if (candidates.length === 0) return new NoWay("no-server");
  const answered = await Promise.all(candidates.map(async (server) => {
    const answer = await watched.ask(server.endpoint, signal);
    return answer && { server, external: answer.reflexive };
  }));
  const known = answered.filter((one) => one !== undefined);
  const [first] = known;
  const capable = await Promise.all(known.map(async (one) => {
    const { external, server: { endpoint: server } } = one;
    return await asker.knock(watched, { way: "response-port", server, external, signal }) ? one : undefined;
  }));
  const best = capable.find((one) => one !== undefined);
  if (best !== undefined) return { way: "response-port", ...best };
  if (first === undefined) return new NoWay("no-answer");
  const { external, server: { endpoint: server } } = first;
  // A hairpin does not depend on the server.
  if (await asker.knock(watched, { way: "hairpin", server, external, signal })) {
    return { way: "hairpin", ...first };
  }
  if (isSameEndpoint(first.external, watched.local)) return new NoWay("no-nat");
  if (first.external.port === watched.local.port) return new NoWay("ports-kept");
  return { way: "same-port", ...first };
}
