import { orAborted } from "../core/aborting.ts";
import { openDeadline } from "../core/deadline.ts";
import { type Endpoint, isSameEndpoint } from "../core/endpoint.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import type { OutsideProbe } from "./check_options.ts";
import type { KnockFacts, OutsideFacts, PortSample } from "./facts.ts";
import { HeldTcp } from "./held_tcp.ts";
import { HeldUdp } from "./held_udp.ts";
import { knockTcp } from "./knock_tcp.ts";
import { type KnockCast, knockUdp, type Mapped } from "./knock_udp.ts";
import { needsMoreSamples } from "./port_pattern.ts";
import type { ProbeContext } from "./probe_context.ts";

/** What {@linkcode SocketTrials} needs. */
export interface SocketTrialsOptions {
  /** What all probes share. */
  readonly context: ProbeContext;
  /** Somebody outside who knocks. */
  readonly outsideProbe?: OutsideProbe | undefined;
  /** A second server, to hold a mapping by two connections; asked for late, when there may be one. */
  readonly getSecondServer: () => Endpoint | undefined;
}

/** What the fresh sockets are for; the last one only shows its port. */
const ROLES = ["stranger", "address", "endpoint", "knocker", "extra"] as const;
/** Further sockets where the first ones do not tell. */
const MORE_SOCKETS = 4;
/** Somebody outside may connect, send and wait for so long. */
const OUTSIDE_LIMIT_MS = 6000;

/** Few fresh sockets that show how ports are given, and are then knocked at by ourselves and from outside. */
export class SocketTrials {
  /** What a server saw of each, in the order of asking. */
  samples: readonly PortSample[] = [];
  /** What came of knocking; absent without NAT or mappings. */
  knock: KnockFacts | undefined;
  /** What came of asking outside. */
  outside: OutsideFacts | undefined;
  /** Why it could not be tried what had to be: a socket that cannot be opened, a system that cannot share ports. */
  error: string | undefined;
  readonly #options: SocketTrialsOptions;

  /** Opens nothing yet. */
  constructor(options: SocketTrialsOptions) {
    this.#options = options;
  }

  /**
   * Runs all trials with mappings made towards one server that answers.
   *
   * @throws `signal.reason` if aborted; what was found until then stays.
   */
  async run(server: Endpoint, signal: AbortSignal): Promise<void> {
    const { context } = this.#options;
    try {
      if (context.protocol === "udp") await this.#runUdp(server, signal);
      else await this.#runTcp(server, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (errorCode(error) === undefined) throw error;
      this.error = errorMessage(error);
      context.note({ purpose: "ports", asked: server, outcome: "failed", note: this.error });
    }
  }

  async #runUdp(server: Endpoint, signal: AbortSignal): Promise<void> {
    const { context } = this.#options;
    using stack = new DisposableStack();
    const open = async (owner: DisposableStack): Promise<HeldUdp> => owner.use(await HeldUdp.open(context));
    const sockets: HeldUdp[] = [];
    for (const _ of ROLES) sockets.push(await open(stack));
    const cast = await this.#askAll(sockets, { server, signal });
    const more = this.#sampleMore(open, { server, signal });
    const knocks = this.#knockAndListen(cast, {
      signal,
      knock: () => knockUdp(context, { cast, signal }),
      listen: ({ held }) => held.echo(),
      isHeld: () => true,
    });
    await Promise.all([more, knocks]);
  }

  async #runTcp(server: Endpoint, signal: AbortSignal): Promise<void> {
    const { context, getSecondServer } = this.#options;
    using stack = new DisposableStack();
    const open = async (owner: DisposableStack): Promise<HeldTcp> => owner.use(await HeldTcp.open(context));
    const sockets: HeldTcp[] = [];
    for (const _ of ROLES) sockets.push(await open(stack));
    const asked = await this.#askAll(sockets, { server, signal });
    const more = this.#sampleMore(open, { server, signal });
    const canListen = context.platform.net.capability === "full";
    if (!canListen) this.error = "this system cannot listen on a port and connect from it";
    const cast = canListen ? asked : {};
    const knocks = this.#knockAndListen(cast, {
      signal,
      knock: () => knockTcp(context, { cast, signal }),
      listen: async ({ held }) => {
        held.expectStrangers([context.address, ...this.samples.map(({ seen }) => seen.address)]);
        const second = getSecondServer();
        if (second !== undefined) await held.ask(second, signal);
      },
      isHeld: ({ held }) => held.isHeld,
    });
    await Promise.all([more, knocks]);
  }

  /** Asks from further sockets where the first ones left it open how ports are given. */
  async #sampleMore<Held extends HeldUdp | HeldTcp>(
    open: (stack: DisposableStack) => Promise<Held>,
    options: { readonly server: Endpoint; readonly signal: AbortSignal },
  ): Promise<void> {
    if (needsMoreSamples(this.samples)) {
      using stack = new DisposableStack();
      const sockets: Held[] = [];
      while (sockets.length < MORE_SOCKETS) sockets.push(await open(stack));
      await this.#askAll(sockets, options);
    }
    this.#options.context.ended("ports");
  }

  /** Asks from all sockets in one go, so that nothing else comes between their ports. */
  async #askAll<Held extends HeldUdp | HeldTcp>(
    sockets: readonly Held[],
    options: { readonly server: Endpoint; readonly signal: AbortSignal },
  ): Promise<KnockCast<Held>> {
    const { server, signal } = options;
    const { context } = this.#options;
    const answers = await Promise.all(sockets.map((socket) => socket.ask(server, signal)));
    const cast: { [Role in typeof ROLES[number]]?: Mapped<Held> } = {};
    for (const [i, held] of sockets.entries()) {
      const sighting = answers[i];
      const role = ROLES[i];
      if (sighting !== undefined && role !== undefined) cast[role] = { held, sighting };
      const note = { purpose: "ports", asked: server, local: held.local } as const;
      if (sighting === undefined) context.note({ ...note, outcome: "silent" });
      else context.note({ ...note, outcome: "answered", seen: sighting.seen, rttMs: sighting.rttMs });
    }
    this.samples = [...this.samples, ...answers.filter((answer) => answer !== undefined)];
    return cast;
  }

  async #knockAndListen<Held extends HeldUdp | HeldTcp>(
    cast: KnockCast<Held>,
    trial: {
      readonly signal: AbortSignal;
      readonly knock: () => Promise<KnockFacts>;
      readonly listen: (target: Mapped<Held>) => void | Promise<void>;
      readonly isHeld: (target: Mapped<Held>) => boolean;
    },
  ): Promise<void> {
    const { context, outsideProbe } = this.#options;
    const knock = async (): Promise<void> => {
      const hasNat = this.samples.some(({ local, seen }) => !isSameEndpoint(local, seen));
      if (hasNat && cast.knocker !== undefined) this.knock = await trial.knock();
      context.ended("hairpin");
    };
    const ask = async (): Promise<void> => {
      if (outsideProbe === undefined) return;
      const { stranger } = cast;
      if (stranger === undefined) this.outside = { error: "no mapping to knock at" };
      else {
        await trial.listen(stranger);
        this.outside = await this.#askOutside(stranger, { ...trial, outsideProbe });
      }
      context.ended("outside");
    };
    await Promise.all([knock(), ask()]);
  }

  async #askOutside<Held extends HeldUdp | HeldTcp>(
    target: Mapped<Held>,
    options: {
      readonly outsideProbe: OutsideProbe;
      readonly signal: AbortSignal;
      readonly isHeld: (target: Mapped<Held>) => boolean;
    },
  ): Promise<OutsideFacts> {
    const { context } = this.#options;
    const { outsideProbe, signal, isHeld } = options;
    const { held, sighting } = target;
    const note = { purpose: "outside", asked: sighting.seen, local: held.local } as const;
    using limit = openDeadline(OUTSIDE_LIMIT_MS, { clock: context.platform.clock, signal });
    try {
      const view = await orAborted(outsideProbe(sighting.seen, context.protocol, limit.signal), limit.signal);
      const arrivedFrom = held.stranger;
      const outcome = view.state === "open" || arrivedFrom !== undefined ? "arrived" : "silent";
      context.note({ ...note, outcome, note: view.evidence });
      if (view.state !== "closed" || isHeld(target)) return { view, arrivedFrom };
      return { arrivedFrom, error: "the connection that kept the mapping had ended" };
    } catch (error) {
      signal.throwIfAborted();
      context.note({ ...note, outcome: "failed", note: errorMessage(error) });
      return { arrivedFrom: held.stranger, error: errorMessage(error) };
    }
  }
}
