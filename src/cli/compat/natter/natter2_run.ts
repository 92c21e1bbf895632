import { delay } from "../../../core/clock.ts";
import type { Endpoint } from "../../../core/endpoint.ts";
import { errorMessage } from "../../../core/errors.ts";
import type { ChangedEvent, CheckedEvent, MappedEvent, MappingEvent } from "../../../core/mapping.ts";
import { TaskGroup } from "../../../core/task_group.ts";
import { logEvent, type NatterSession } from "./front_end.ts";
import type { Natter2Args } from "./natter2_args.ts";
import {
  checkLines,
  mappedLines,
  type Natter2Route,
  type PortChecks,
  type PortState,
  routeLine,
  verdictOf,
} from "./natter2_lines.ts";
import { LONGEST_INTERVAL_MS } from "./natter2_plan.ts";
import { checkPort } from "./port_checks.ts";

/** Options for {@linkcode Natter2Run}. */
export interface Natter2RunOptions {
  readonly args: Natter2Args;
  readonly session: Pick<NatterSession, "platform" | "log" | "print" | "end">;
  /** The mapping is bound to this address now. */
  readonly onInternal: (internal: Endpoint) => void;
}

/** The self-check gives up before; then nobody could tell. */
const SELF_CHECK_LIMIT_MS = 15_000;

interface Round {
  readonly route: Natter2Route;
  readonly abort: AbortController;
  readonly checked: PromiseWithResolvers<CheckedEvent | undefined>;
}

/**
 * What Natter 2 says and does about the events of its one tunnel: route lines, port checks with their verdicts, `-q`
 * and `-r`. Disposing ends the checks and waits for them.
 */
export class Natter2Run implements AsyncDisposable {
  readonly #options: Natter2RunOptions;
  readonly #group = new TaskGroup();
  #round: Round | undefined;

  constructor(options: Natter2RunOptions) {
    this.#options = options;
  }

  /** Takes an event of the tunnel; never waits. */
  take(event: MappingEvent): void {
    const { args, session: { log, print, end } } = this.#options;
    print(event);
    switch (event.event) {
      case "changed":
        if (args.endsOnChange) {
          log.info("Natter is exiting because mapped address has changed");
          return end(0);
        }
        return this.#start(event);
      case "mapped":
        return this.#start(event);
      case "lost":
        // A lost answer over UDP is nothing to Natter either.
        return event.protocol === "tcp"
          ? log.error(`keep-alive: connection broken: ${event.reason}`)
          : log.debug(`keep-alive: UDP response not received: ${event.reason}`);
      case "restored":
        return log.info("keep-alive: connection restored");
      case "unusable":
        return log.warn(`Network is unstable, or not full cone: ${event.reason}`);
      case "checked":
        return this.#round?.checked.resolve(event);
      default:
        return logEvent(log, event);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#round?.abort.abort(new DOMException("The run ended", "AbortError"));
    await this.#group[Symbol.asyncDispose]();
  }

  #start({ protocol, internal, external, target }: MappedEvent | ChangedEvent): void {
    const { args, session: { log }, onInternal } = this.#options;
    const { method, scripts } = args;
    const route = { protocol, method, inner: target ?? internal, bind: internal, outer: external };
    for (const line of mappedLines(route, scripts.map(({ path }) => path))) log.info(line);
    this.#round?.abort.abort(new DOMException("There is a newer mapping", "AbortError"));
    onInternal(internal);
    const round = {
      route,
      abort: new AbortController(),
      checked: Promise.withResolvers<CheckedEvent | undefined>(),
    };
    this.#round = round;
    if (protocol === "udp") return;
    this.#group.spawn(async (wider) => {
      const signal = AbortSignal.any([wider, round.abort.signal]);
      try {
        await this.#check(round, signal);
      } catch (error) {
        if (!signal.aborted) log.error(`Cannot check the ports: ${errorMessage(error)}`);
      }
    });
  }

  /** Port checks; with `-r` again and again until the target is open. */
  async #check(round: Round, signal: AbortSignal): Promise<void> {
    const { args, session: { log, platform: { clock } } } = this.#options;
    const { route } = round;
    let checks = await this.#checkOnce(round, signal);
    for (;;) {
      for (const line of checkLines(route, checks)) log.info(line);
      const verdict = verdictOf(checks);
      if (verdict !== undefined) log.warn(verdict);
      if (!args.waitsForTarget || checks.target !== "CLOSED") return;
      log.info(`Retry after ${args.intervalSeconds} seconds...`);
      await delay(clock, Math.min(args.intervalSeconds * 1000, LONGEST_INTERVAL_MS), signal);
      log.info(routeLine(route));
      checks = await this.#checkLan(route, signal);
    }
  }

  async #checkOnce({ route, checked }: Round, signal: AbortSignal): Promise<PortChecks> {
    const { session: { platform: { clock }, log } } = this.#options;
    using _limit = clock.schedule(SELF_CHECK_LIMIT_MS, () => checked.resolve(undefined));
    const stop = (): void => checked.resolve(undefined);
    signal.addEventListener("abort", stop, { once: true });
    const [lan, event] = await Promise.all([this.#checkLan(route, signal), checked.promise]);
    signal.throwIfAborted();
    const isReachable = event?.reachability.state === "reachable";
    if (event?.reachability.state === "unverified") {
      log.debug(`Not seen from outside: ${event.reachability.reason}`);
    }
    return { ...lan, wan: isReachable ? "OPEN" : "UNKNOWN" };
  }

  /** From this host; coming back through the NAT is the only look from outside there is. */
  async #checkLan({ inner, bind, outer }: Natter2Route, signal: AbortSignal): Promise<PortChecks> {
    const { platform } = this.#options.session;
    const options = { platform, from: bind.address, signal };
    const states = await Promise.all([inner, bind, outer].map((endpoint) => checkPort(endpoint, options)));
    const [target = "UNKNOWN", bound = "UNKNOWN", fromHere = "UNKNOWN"]: readonly PortState[] = states;
    return { target, bind: bound, outer: fromHere, wan: fromHere === "OPEN" ? "OPEN" : "UNKNOWN" };
  }
}
