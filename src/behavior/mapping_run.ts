import type { Endpoint } from "../core/endpoint.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import { TaskGroup } from "../core/task_group.ts";
import { StunTimeoutError } from "../stun/errors.ts";
import { type BindingResult, requestBinding } from "../stun/request_binding.ts";
import type { StunServer, StunServerList } from "../stun/server_list.ts";
import type { Sighting } from "./facts.ts";
import type { FilteringRun } from "./filtering_run.ts";
import { type AskingState, planAsking } from "./mapping_plan.ts";
import type { ProbeContext } from "./probe_context.ts";

/** What {@linkcode MappingRun} needs. */
export interface MappingRunOptions {
  /** What all probes share. */
  readonly context: ProbeContext;
  /** The socket whose mapping is asked for. */
  readonly internal: Endpoint;
  /** Whom to ask. */
  readonly servers: StunServerList;
  /** Who needs servers that offer RFC 5780, if anybody. */
  readonly filtering?: FilteringRun | undefined;
}

/** How long a server may take before others are asked besides, and before it counts as silent. */
const LIMITS = {
  udp: { hedgeMs: 400, serverMs: 2000, alternateMs: 1500 },
  tcp: { hedgeMs: 800, serverMs: 2500, alternateMs: 2000 },
} as const;
/** UDP requests to one server: the limits above leave room for no more. */
const SENDS_MAX = 3;
/** Refusals of our own kernel; the server is not to blame. */
const OWN_REFUSALS: ReadonlySet<string> = new Set([
  ...["EACCES", "EADDRINUSE", "EADDRNOTAVAIL", "EINVAL", "EMFILE"],
  ...["ENETDOWN", "ENETUNREACH", "ENFILE", "ENODEV", "EPERM"],
]);

const UNREACHABLE: ReadonlySet<string> = new Set(["EHOSTUNREACH", "ETIMEDOUT"]);

/**
 * Asks several servers which external endpoint one socket has, as {@linkcode planAsking} decides. Dead servers cost
 * nothing noticeable: others are asked besides them.
 */
export class MappingRun {
  /** What servers of the list saw, in the order of their answers. */
  readonly sightings: Sighting[] = [];
  /** What their alternate addresses saw. */
  readonly alternates: Sighting[] = [];
  /** Servers that were silent or refused. */
  silentServers = 0;
  /** Those of them that refused: somebody is there, who may well not speak STUN over this transport. */
  refusedServers = 0;
  /** What our own kernel said. */
  lastError: string | undefined;
  readonly #options: MappingRunOptions;
  readonly #first: PromiseWithResolvers<Sighting | undefined> = Promise.withResolvers();
  readonly #done: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #asked: StunServer[] = [];
  readonly #askedAlternates: Endpoint[] = [];
  readonly #active = new Map<StunServer, number>();
  #pendingAlternates = 0;
  /** Aborted for those whose answers are not needed any more. */
  #surplus = new AbortController();
  #isExhausted = false;
  #isDrawing = false;

  /** Asks nobody yet. */
  constructor(options: MappingRunOptions) {
    this.#options = options;
  }

  /** The first answer; `undefined` if the run ended without any. */
  get first(): Promise<Sighting | undefined> {
    return this.#first.promise;
  }

  /** How many servers had an address to ask. */
  get askedCount(): number {
    return this.#asked.length;
  }

  /**
   * Runs until nothing is left to be found out.
   *
   * @throws `signal.reason` if aborted; what was found until then stays.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { context: { platform: { clock }, protocol } } = this.#options;
    const stop = (): void => this.#done.reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    using timers = new DisposableStack();
    await using group = new TaskGroup(signal);
    const look = (): void => {
      timers.use(clock.schedule(LIMITS[protocol].hedgeMs / 2, look));
      this.#advance(group);
    };
    try {
      signal.throwIfAborted();
      look();
      await this.#done.promise;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#first.resolve(undefined);
    }
  }

  get #state(): AskingState {
    const { context: { platform: { clock }, protocol }, filtering } = this.#options;
    const oldestMs = clock.now() - LIMITS[protocol].hedgeMs;
    return {
      sightings: this.sightings,
      alternates: this.alternates,
      askedAlternates: this.#askedAlternates,
      pendingAlternates: this.#pendingAlternates,
      asked: this.#asked.length,
      promising: [...this.#active.values()].filter((sinceMs) => sinceMs > oldestMs).length,
      isExhausted: this.#isExhausted,
      wantsRfc5780: filtering?.wantsServer ?? false,
      mayWantRfc5780: filtering?.isBusy ?? false,
    };
  }

  /** Does what the plan says now; called after whatever may have changed it. */
  #advance(group: TaskGroup): void {
    if (group.signal.aborted) return;
    const { servers, alternates, isSatisfied, isDone } = planAsking(this.#state);
    if (isSatisfied) {
      this.#surplus.abort();
      this.#surplus = new AbortController();
    }
    for (const alternate of alternates) this.#askAlternate(alternate, group);
    if (servers > 0 && !this.#isDrawing) this.#draw(servers, group);
    const isWaiting = this.#isDrawing || (this.sightings.length === 0 && this.#active.size > 0);
    if (isDone && !isWaiting) this.#done.resolve();
  }

  #draw(count: number, group: TaskGroup): void {
    this.#isDrawing = true;
    group.spawn(async (signal) => {
      try {
        const drawn = await this.#take(count, signal);
        if (drawn.length === 0) this.#isExhausted = true;
        for (const server of drawn) this.#askServer(server, group);
      } finally {
        this.#isDrawing = false;
      }
      this.#advance(group);
    });
  }

  /** Other hosts first, then other addresses of the same hosts. */
  async #take(count: number, signal: AbortSignal): Promise<readonly StunServer[]> {
    const { servers } = this.#options;
    const exclude = this.#asked;
    const others = await servers.take(count, { exclude, mayRepeatHosts: false, signal });
    if (others.length > 0) return others;
    const more = await servers.take(count, { exclude, mayRepeatHosts: true, signal });
    const addresses = new Set(exclude.map(({ endpoint }) => endpoint.address));
    return more.filter(({ endpoint }) => !addresses.has(endpoint.address));
  }

  #askServer(server: StunServer, group: TaskGroup): void {
    const { context, servers, filtering } = this.#options;
    this.#asked.push(server);
    this.#active.set(server, context.platform.clock.now());
    const surplus = this.#surplus.signal;
    group.spawn(async (signal) => {
      const answer = await this.#ask(server.endpoint, server, AbortSignal.any([signal, surplus]));
      this.#active.delete(server);
      signal.throwIfAborted();
      if (surplus.aborted) return;
      if (answer === undefined) {
        servers.reportFailure(server, new StunTimeoutError(server.endpoint, 1));
      } else {
        servers.reportAnswer(server, answer.rttMs);
        const sighting = { ...sightingOf(answer), spec: server.spec };
        this.sightings.push(sighting);
        this.#first.resolve(sighting);
        filtering?.offer(sighting);
      }
      this.#advance(group);
    });
  }

  #askAlternate(endpoint: Endpoint, group: TaskGroup): void {
    this.#askedAlternates.push(endpoint);
    this.#pendingAlternates++;
    group.spawn(async (signal) => {
      const answer = await this.#ask(endpoint, undefined, signal);
      this.#pendingAlternates--;
      if (answer !== undefined) this.alternates.push(sightingOf(answer));
      this.#advance(group);
    });
  }

  async #ask(
    endpoint: Endpoint,
    server: StunServer | undefined,
    signal: AbortSignal,
  ): Promise<BindingResult | undefined> {
    const { context, internal } = this.#options;
    const { platform, protocol, device, mark } = context;
    const { serverMs, alternateMs } = LIMITS[protocol];
    const note = {
      purpose: server === undefined ? "alternate" : "mapping",
      asked: endpoint,
      server: server?.spec,
      local: internal,
    } as const;
    try {
      const answer = await requestBinding({
        ...{ platform, protocol, device, mark, signal, server: endpoint, local: internal },
        reusePort: true,
        maxSends: SENDS_MAX,
        timeoutMs: server === undefined ? alternateMs : serverMs,
      });
      const { reflexive: seen, otherAddress, rttMs } = answer;
      context.note({ ...note, outcome: "answered", seen, otherAddress, rttMs });
      return answer;
    } catch (error) {
      if (signal.aborted) {
        context.note({ ...note, outcome: "silent", note: "not waited for" });
        return undefined;
      }
      const isOwn = OWN_REFUSALS.has(errorCode(error) ?? "");
      if (isOwn) this.lastError = errorMessage(error);
      else if (server !== undefined) this.silentServers++;
      if (!isOwn && server !== undefined && isRefusal(error)) this.refusedServers++;
      const outcome = isOwn ? "failed" : error instanceof StunTimeoutError ? "silent" : "refused";
      context.note({ ...note, outcome, note: errorMessage(error) });
      return undefined;
    }
  }
}

/** What a server or its kernel says, and not a firewall on the way by ICMP. */
function isRefusal(error: unknown): boolean {
  return !(error instanceof StunTimeoutError) && !UNREACHABLE.has(errorCode(error) ?? "");
}

function sightingOf({ server, local, reflexive, otherAddress, rttMs }: BindingResult): Sighting {
  return { server, local, seen: reflexive, otherAddress, rttMs };
}
