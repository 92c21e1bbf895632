import { delay } from "../core/clock.ts";
import type { ConnectOptions, StreamConnection } from "../core/net.ts";
import { NetView } from "../core/net_view.ts";
import type { Platform } from "../core/platform.ts";
import type { ServingTurn } from "./serving_turn.ts";

/**
 * By now a connecting socket is bound, and a listener can come beside it. A keep-alive host that answers no SYN
 * must not keep visitors out until the attempt is given up.
 */
const BOUND_WITHIN_MS = 500;

/**
 * A network whose connections wait for the port of a {@linkcode ServingTurn}. Everything else is the network's
 * own; disposing does nothing.
 */
export class TurnNet extends NetView {
  readonly #platform: Platform;
  readonly #turn: ServingTurn;

  constructor(platform: Platform, turn: ServingTurn) {
    super(platform.net);
    this.#platform = platform;
    this.#turn = turn;
  }

  override async connectStream(options: ConnectOptions): Promise<StreamConnection> {
    const { net, clock } = this.#platform;
    using turn = await this.#turn.enter();
    const settled = new AbortController();
    const connecting = net.connectStream(options).finally(() => settled.abort());
    await Promise.race([connecting, delay(clock, BOUND_WITHIN_MS, settled.signal)]).catch(() => {});
    turn[Symbol.dispose]();
    return await connecting;
  }
}
