import { untilAborted } from "../core/aborting.ts";
import { backoffMs } from "../core/backoff.ts";
import type { NatBehavior } from "../core/behavior.ts";
import { delay } from "../core/clock.ts";
import { type Endpoint, isSameEndpoint } from "../core/endpoint.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import type { Gate } from "../core/gate.ts";
import type { MappingEvent } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import { TaskGroup } from "../core/task_group.ts";
import { NoStunServerError } from "../stun/errors.ts";
import type { StunServerList } from "../stun/server_list.ts";
import { askStun, type StunOpinions } from "./ask_stun.ts";
import { BindError, describeUnusable, UnusableNatError } from "./errors.ts";
import type { KeeperControl } from "./keeper_control.ts";
import type { KeeperOptions } from "./options.ts";
import { PortHolder } from "./port_holder.ts";
import { formatPortSpec } from "./port_spec.ts";
import { initialKeeperState, type KeeperAction, type KeeperInput, transition } from "./transition.ts";
import { type Service, ServingTurn } from "./serving_turn.ts";
import { Session } from "./session.ts";
import type { Anchor, AnchorHandlers, HeldPort, Transport } from "./transport.ts";
import type { Uplink } from "./uplink.ts";

/** What {@linkcode keepMapping} works with and whom it tells. */
export interface KeepMappingParts {
  readonly platform: Platform;
  readonly uplink: Uplink;
  readonly transport: Transport;
  readonly servers: StunServerList;
  readonly emit: (event: MappingEvent) => void;
  /** Serves on the internal endpoint from now until disposed. */
  readonly serve: (internal: Endpoint) => Promise<Service>;
  /** UDP filtering behaviour as seen from `address`; resolves to `unknown` rather than fail. */
  readonly probeFiltering: (address: string, signal: AbortSignal) => Promise<NatBehavior>;
  /** End with {@linkcode UnusableNatError} instead of looking again with growing pauses. */
  readonly endsWhenUnusable: boolean;
  /** Bounds the lookups that many mappings make at a time. */
  readonly lookups: Gate;
  /** The port it had before a restart: tried first where any port will do. */
  readonly rememberedPort?: number | undefined;
  /** Told whenever a STUN server named the announced external endpoint. */
  readonly onConfirmed?: ((at: Date) => void) | undefined;
  /** Connected while the keeper runs. */
  readonly control?: KeeperControl | undefined;
  readonly signal: AbortSignal;
}

/** Kernel refusals to bind that no other port and no waiting will cure. */
const HOPELESS_BIND: ReadonlySet<string> = new Set(["EACCES", "EPERM", "ENODEV", "EINVAL", "EAFNOSUPPORT"]);

/**
 * Keeps one mapping alive until the signal is aborted, and emits what becomes of it.
 *
 * @throws {UnusableNatError} If this NAT shuts strangers out and `endsWhenUnusable` is set.
 * @throws {BindError} If no wanted port can be bound at the first try.
 */
export async function keepMapping(options: KeeperOptions, parts: KeepMappingParts): Promise<void> {
  await using group = new TaskGroup(parts.signal);
  await using keeper = new Keeper(options, parts, group);
  keeper.start();
  await untilAborted(group.signal);
  await keeper[Symbol.asyncDispose]();
  await group.join();
}

/** Performs what {@linkcode transition} decides; holds sockets and timers, decides nothing. */
class Keeper implements AsyncDisposable {
  readonly #options: KeeperOptions;
  readonly #parts: KeepMappingParts;
  readonly #group: TaskGroup;
  readonly #inputs: KeeperInput[] = [];
  #state = initialKeeperState;
  #isDispatching = false;
  #hasBound = false;
  /** The last lookup failed because our own port could not be bound any more. */
  #isPortTaken = false;
  readonly #ports: PortHolder;
  #session: Session | undefined;
  #closing: Promise<void> = Promise.resolve();
  readonly #subscriptions = new DisposableStack();
  /** Resolved when the lookup under way, and one that follows it, are over. */
  readonly #verifying = new Set<() => void>();
  /** The lookup under way was due anyway, so that the next one is in step. */
  #isPeriodic = false;
  #timer: { readonly dueMs: number; readonly handle: Disposable } | undefined;
  #lookup: AbortController | undefined;

  constructor(options: KeeperOptions, parts: KeepMappingParts, group: TaskGroup) {
    this.#options = options;
    this.#parts = parts;
    this.#group = group;
    const { transport, platform, rememberedPort } = parts;
    this.#ports = new PortHolder({ spec: options.port, transport, random: platform.random, rememberedPort });
  }

  start(): void {
    const { control, uplink } = this.#parts;
    if (control !== undefined) this.#subscriptions.use(control.connect(() => this.#verify()));
    this.#subscriptions.use(uplink.subscribe({
      onAddress: (address) => this.#dispatch({ type: "address", address }),
      onDoubt: ({ reason, isRestart = false }) => {
        this.#parts.platform.log.debug("Looking up the mapping", { name: this.#options.name, reason });
        this.#dispatch({ type: "doubt", isRestart });
      },
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscriptions.dispose();
    this.#settleVerification();
    this.#cancel();
    this.#closeSession();
    await this.#closing;
  }

  #verify(): Promise<void> {
    this.#dispatch({ type: "doubt", isRestart: false });
    if (this.#state.lookup === "idle" || this.#group.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => this.#verifying.add(resolve));
  }

  #settleVerification(): void {
    for (const resolve of this.#verifying) resolve();
    this.#verifying.clear();
  }

  #dispatch(input: KeeperInput): void {
    this.#inputs.push(input);
    if (this.#isDispatching) return;
    this.#isDispatching = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
        if (this.#group.signal.aborted) continue;
        const { state, actions } = transition(this.#state, next, this.#options);
        this.#state = state;
        this.#isPeriodic = next.type === "timer" || (this.#isPeriodic && next.type === "answer");
        for (const action of actions) this.#perform(action);
        if (next.type === "answer") this.#confirm(next.first);
        if (state.lookup === "idle") this.#settleVerification();
      }
    } finally {
      this.#isDispatching = false;
    }
  }

  #confirm(external: Endpoint): void {
    const { announced, isLost } = this.#state;
    if (isLost || !isSameEndpoint(external, announced)) return;
    this.#parts.onConfirmed?.(this.#parts.platform.clock.date());
  }

  #perform(action: KeeperAction): void {
    switch (action.type) {
      case "bind":
        return this.#bind(action.address, action.delayFailures);
      case "unbind":
        return this.#closeSession();
      case "open-anchor":
        return this.#session?.openAnchor();
      case "renew-anchor":
        return this.#session?.anchor?.renew();
      case "check-anchor":
        return this.#session?.anchor?.check();
      case "look-up":
        return this.#lookUp(action.opinions);
      case "probe-filtering":
        return this.#probeFiltering();
      case "schedule":
        return this.#schedule(this.#jittered(action.delayMs, action.failures));
      case "hasten":
        if (this.#timer && this.#timer.dueMs <= this.#parts.platform.clock.now() + action.delayMs) return;
        return this.#schedule(action.delayMs);
      case "cancel":
        return this.#cancel();
      case "announce":
        return this.#announce(action.event);
      case "give-up":
        return this.#giveUp(new UnusableNatError(action.unusable));
      case "report":
        return this.#report(action);
    }
  }

  /** Spreads the lookups of many mappings over time. */
  #jittered(delayMs: number, failures: number): number {
    const { random } = this.#parts.platform;
    if (failures > 0) return backoffMs(failures, random, { firstMs: 1_000, maxMs: delayMs });
    // Mappings that opened, or doubted, together must not ask together for ever.
    if (!this.#isPeriodic) return delayMs * (0.1 + random.fraction() * 0.9);
    return delayMs * (0.9 + random.fraction() / 10);
  }

  #schedule(delayMs: number): void {
    const { clock } = this.#parts.platform;
    this.#timer?.handle[Symbol.dispose]();
    this.#timer = {
      dueMs: clock.now() + delayMs,
      handle: clock.schedule(delayMs, () => this.#dispatch({ type: "timer" })),
    };
  }

  #cancel(): void {
    this.#timer?.handle[Symbol.dispose]();
    this.#timer = undefined;
    this.#lookup?.abort(new DOMException("The lookup was cancelled", "AbortError"));
    this.#lookup = undefined;
  }

  #closeSession(): void {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    this.#closing = this.#closing.then(() => session[Symbol.asyncDispose]());
  }

  #bind(address: string, failures: number): void {
    this.#group.spawn(async (signal) => {
      const { clock, random } = this.#parts.platform;
      if (failures > 0) await delay(clock, backoffMs(failures, random, { maxMs: 30_000 }), signal);
      await this.#closing;
      if (this.#state.phase !== "binding" || this.#state.address !== address) return;
      try {
        const held = await this.#ports.hold(address);
        await this.#openSession(held);
      } catch (error) {
        this.#onBindFault(error, address);
      }
    });
  }

  async #openSession(held: HeldPort): Promise<void> {
    const handlers = {
      onChange: (isUp: boolean): void => {
        if (session === this.#session) this.#dispatch({ type: "anchor", isUp });
      },
      onBreak: (reason: string): void => {
        if (session !== this.#session) return;
        const isTold = this.#parts.uplink.raiseDoubt({ reason: `keep-alive connection: ${reason}` });
        if (!isTold) this.#dispatch({ type: "doubt", isRestart: false });
      },
    };
    const session = await this.#serve(held, handlers);
    // The address may have gone, changed, or come back meanwhile, in which case another bind is under way or done.
    const { phase, address } = this.#state;
    if (this.#group.signal.aborted || phase !== "binding" || address !== held.local.address) {
      return await session[Symbol.asyncDispose]();
    }
    this.#hasBound = true;
    this.#session = session;
    this.#dispatch({ type: "bound", internal: held.local });
  }

  async #serve(held: HeldPort, handlers: AnchorHandlers): Promise<Session> {
    const { platform, transport, serve } = this.#parts;
    try {
      const service = await serve(held.local);
      // UDP sockets share a port everywhere.
      const needsTurns = platform.net.capability === "portable" && this.#options.protocol === "tcp";
      const turn = needsTurns ? new ServingTurn(service, platform) : undefined;
      const openAnchor = (local: Endpoint): Anchor => transport.openAnchor(local, handlers, turn);
      return new Session({ held, service, turn, openAnchor });
    } catch (error) {
      held[Symbol.dispose]();
      throw error;
    }
  }

  #onBindFault(error: unknown, address: string): void {
    if (this.#group.signal.aborted) return;
    const code = errorCode(error) ?? "unknown";
    const isHopeless = code !== "EADDRNOTAVAIL" && (!this.#hasBound || HOPELESS_BIND.has(code));
    const what = `${this.#options.protocol} ${address} port ${formatPortSpec(this.#options.port)}`;
    if (isHopeless) throw new BindError(what, code, { cause: error });
    this.#parts.platform.log.warn(`Cannot bind ${what}, trying again`, { reason: errorMessage(error) });
    this.#dispatch({ type: "bind-failed" });
  }

  #lookUp(opinions: 1 | 2): void {
    const { internal, announced } = this.#state;
    if (internal === undefined) return;
    const session = this.#session;
    this.#lookup?.abort(new DOMException("The lookup was replaced", "AbortError"));
    const lookup = new AbortController();
    this.#lookup = lookup;
    const { signal } = lookup;
    this.#group.spawn(async () => {
      try {
        const { platform, servers, lookups } = this.#parts;
        const asked = {
          ...this.#options,
          platform,
          servers,
          internal,
          expected: announced,
          opinions,
          signal,
        };
        const ask = (): Promise<StunOpinions> => lookups.run(() => askStun(asked), signal);
        const answer = await (session === undefined ? ask() : session.lookUp(ask));
        if (this.#lookup === lookup) this.#dispatch({ type: "answer", ...answer });
      } catch (error) {
        if (signal.aborted || this.#lookup !== lookup) return;
        this.#isPortTaken = error instanceof NoStunServerError &&
          error.failures.some((failure) => errorCode(failure.error) === "EADDRINUSE");
        this.#dispatch({ type: "lookup-failed", reason: errorMessage(error) });
      }
    });
  }

  #probeFiltering(): void {
    const { address } = this.#state;
    if (address === undefined) return;
    this.#group.spawn(async (signal) => {
      const behavior = await this.#parts.probeFiltering(address, signal);
      if (this.#state.address === address) this.#dispatch({ type: "filtering", behavior });
    });
  }

  #announce(announcement: Extract<KeeperAction, { type: "announce" }>["event"]): void {
    const { emit, platform } = this.#parts;
    const { name, protocol } = this.#options;
    emit({ ...announcement, name, protocol, at: platform.clock.date() });
  }

  #giveUp(error: UnusableNatError): void {
    const { emit, platform, endsWhenUnusable } = this.#parts;
    const { name, protocol } = this.#options;
    const { internal } = this.#state;
    const reason = describeUnusable(error.unusable);
    emit({
      event: "unusable",
      name,
      protocol,
      at: platform.clock.date(),
      ...(internal && { internal }),
      reason,
    });
    if (endsWhenUnusable) this.#group.spawn(() => Promise.reject(error));
  }

  #report(report: Extract<KeeperAction, { type: "report" }>): void {
    const { log } = this.#parts.platform;
    const { name } = this.#options;
    if (report.what === "stun-answers-again") return log.info("STUN servers answer again", { name });
    if (this.#isPortTaken) {
      return log.warn(
        "Another program took the port without sharing it (SO_REUSEPORT), so the mapping cannot be kept; " +
          "stop that program or let it share the port",
        { name, reason: report.reason },
      );
    }
    const isKnown = this.#state.announced !== undefined;
    log.warn(
      isKnown
        ? "No STUN server answers; the mapping stays as it is"
        : "No STUN server answers; the external endpoint is not known yet",
      { name, reason: report.reason },
    );
  }
}
