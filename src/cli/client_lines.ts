import type { Clock } from "../core/clock.ts";
import { type ClientEvent, tunnelKey } from "../core/mapping.ts";
import { ClientLog, openClientLog } from "../forward/client_log.ts";
import { eventToLines, localTime } from "./event_line.ts";
import type { Session } from "./session.ts";

/**
 * Lines about clients, thinned out for each tunnel: where events are JSON on stdout, exact, these are log lines;
 * else they are what people read on stdout, and the log does not say it again. Disposing tells what was not shown.
 */
export class ClientLines implements Disposable {
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #logs = new Map<string, ClientLog<ClientEvent>>();

  constructor(session: Session, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
  }

  /** Shows the event's line, or counts it. */
  note(event: ClientEvent): void {
    const key = tunnelKey(event);
    let log = this.#logs.get(key);
    if (log === undefined) this.#logs.set(key, log = this.#open(event));
    log.note(event);
  }

  [Symbol.dispose](): void {
    for (const log of this.#logs.values()) log[Symbol.dispose]();
  }

  #open({ name, protocol }: ClientEvent): ClientLog<ClientEvent> {
    const { isJson, log, output, texts } = this.#session;
    const clock = this.#clock;
    if (isJson) return openClientLog(log, { name, clock });
    return new ClientLog({
      clock,
      show: (event) => {
        for (const line of eventToLines(event, { texts })) output.line(line);
      },
      more: (hidden) =>
        output.line([localTime(clock.date()), protocol, texts.line.moreClients(`${hidden}`)].join("  ")),
    });
  }
}
