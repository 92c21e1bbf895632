import assert from "node:assert/strict";
import fc from "fast-check";
import { systemClock } from "../../../src/core/clock.ts";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type {
  DatagramSocket,
  StreamConnection,
  StreamHandlers,
  StreamListener,
} from "../../../src/core/net.ts";
import { LinuxNet } from "../../../src/net/linux_net.ts";
import { withFdCheck } from "../../leak.ts";

const ANY: Endpoint = { address: "127.0.0.1", port: 0 };
const PAYLOAD = new Uint8Array(3000);

/** What may be done to a random resource at a random moment, handlers included. */
const ACTIONS = [
  "connect",
  "listen",
  "datagram",
  "write",
  "end",
  "abort",
  "pause",
  "resume",
  "send",
  "closeListener",
  "closeDatagram",
  "turn",
] as const;
type Action = typeof ACTIONS[number];

/** Plays a schedule: each step acts now, or from inside the next handler that happens to be called. */
class Chaos {
  readonly faults: string[] = [];
  readonly #net: LinuxNet;
  readonly #listeners: StreamListener[] = [];
  readonly #streams: StreamConnection[] = [];
  readonly #datagrams: DatagramSocket[] = [];
  readonly #pending: Promise<unknown>[] = [];
  readonly #inHandlers: (() => void)[] = [];

  constructor(net: LinuxNet) {
    this.#net = net;
  }

  async play(steps: readonly { action: Action; pick: number; isInHandler: boolean }[]): Promise<void> {
    for (const { action, pick, isInHandler } of steps) {
      if (action === "turn") await new Promise<void>((resolve) => setImmediate(resolve));
      else if (isInHandler) this.#inHandlers.push(() => this.#act(action, pick));
      else this.#act(action, pick);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
    await this.#net[Symbol.asyncDispose]();
    await Promise.allSettled(this.#pending);
  }

  #act(action: Action, pick: number): void {
    const of = <T>(list: readonly T[]): T | undefined => list[pick % Math.max(1, list.length)];
    switch (action) {
      case "listen":
        return this.#start(
          this.#net.listenStream({
            local: ANY,
            onConnection: (connection) => {
              const handlers = this.#handlers(connection);
              this.#onCall();
              return handlers;
            },
          }).then((listener) => this.#listeners.push(listener)),
        );
      case "connect":
        return this.#connect(of(this.#listeners)?.local);
      case "datagram":
        return this.#start(
          this.#net.openDatagram({
            local: ANY,
            onDatagram: () => this.#onCall(),
            onError: () => this.#onCall(),
          })
            .then((socket) => this.#datagrams.push(socket)),
        );
      case "send":
        try {
          of(this.#datagrams)?.send(PAYLOAD, (this.#datagrams.at(-1) ?? of(this.#datagrams))?.local);
        } catch (error) {
          if (!(error instanceof TypeError)) throw error; // closed
        }
        return;
      case "write":
        return of(this.#streams)?.write(pick % 7 === 0 ? new Uint8Array(3_000_000) : PAYLOAD);
      case "pause":
      case "resume":
        return of(this.#streams)?.setPaused(action === "pause");
      case "end":
        return of(this.#streams)?.end();
      case "abort":
        return of(this.#streams)?.abort();
      case "closeListener":
        return of(this.#listeners)?.[Symbol.dispose]();
      case "closeDatagram":
        return of(this.#datagrams)?.[Symbol.dispose]();
    }
  }

  #connect(remote: Endpoint | undefined): void {
    if (remote === undefined) return;
    const handlers = this.#handlers();
    this.#start(
      this.#net.connectStream({ remote, ...handlers }).then((stream) => this.#streams.push(stream)),
    );
  }

  #start(work: Promise<unknown>): void {
    this.#pending.push(work.catch(() => {})); // refused, reset or closed: all of it may happen here
  }

  #onCall(): void {
    this.#inHandlers.shift()?.();
  }

  /** Handlers that complain when they are called after the end. */
  #handlers(stream?: StreamConnection): StreamHandlers {
    let ends = 0;
    if (stream) this.#streams.push(stream);
    return {
      onData: () => {
        if (ends > 0) this.faults.push("data after the end");
        this.#onCall();
      },
      onEnd: () => {
        if (++ends > 1) this.faults.push("two ends");
        this.#onCall();
      },
    };
  }
}

Deno.test("LinuxNet leaks nothing, throws nothing and calls nobody twice whatever the schedule", async () => {
  const step = fc.record({
    action: fc.constantFrom<Action>(...ACTIONS, "connect", "connect", "write", "turn", "turn", "turn"),
    pick: fc.nat(50),
    isInHandler: fc.boolean(),
  });
  const logged: string[] = [];
  const log = {
    ...silentLogger,
    error: (message: string, fields?: unknown) => logged.push(message + Deno.inspect(fields)),
  };
  const opening = (["listen", "datagram", "turn", "connect", "connect", "turn"] as const)
    .map((action) => ({ action, pick: 0, isInHandler: false }));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 120 }), (steps) =>
      withFdCheck(async () => {
        await using net = LinuxNet.open({ log, clock: systemClock });
        const chaos = new Chaos(net);
        await chaos.play([...opening, ...steps]);
        assert.deepEqual([...chaos.faults, ...logged], []);
      })),
    { numRuns: 150 },
  );
});
