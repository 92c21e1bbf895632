import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { type ClientEvent, type MappingEvent, tunnelKey } from "../core/mapping.ts";
import { type ClientLog, openClientLog } from "../forward/client_log.ts";
import type { Texts } from "../text/texts.ts";
import { subjectOf, verdictOf } from "./event_line.ts";

/** Options for {@linkcode EventLog}. */
export interface EventLogOptions {
  readonly log: Logger;
  readonly clock: Clock;
  readonly texts: Texts;
}

/**
 * Events of a service as log lines: one for each change, none in steady state, those about clients thinned out for
 * each tunnel. Disposing tells what was not shown.
 */
export class EventLog implements Disposable {
  readonly #options: EventLogOptions;
  readonly #clients = new Map<string, ClientLog<ClientEvent>>();

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  /** Logs the event, or counts it. */
  note(event: MappingEvent): void {
    const { log, texts } = this.#options;
    const { name: tunnel, protocol } = event;
    switch (event.event) {
      case "client":
        return this.#clientLogOf(event).note(event);
      // Its runner has said more already.
      case "hook":
        return;
      case "lost":
      case "unusable":
      case "publish-failed":
        return log.warn(wordsOf(event, texts), { tunnel, protocol });
      default:
        return log.info(wordsOf(event, texts), { tunnel, protocol });
    }
  }

  [Symbol.dispose](): void {
    for (const log of this.#clients.values()) log[Symbol.dispose]();
  }

  #clientLogOf(event: ClientEvent): ClientLog<ClientEvent> {
    const { log, clock } = this.#options;
    const key = tunnelKey(event);
    const known = this.#clients.get(key) ?? openClientLog(log, { name: event.name, clock });
    this.#clients.set(key, known);
    return known;
  }
}

function wordsOf(event: MappingEvent, texts: Texts): string {
  return [...subjectOf(event), verdictOf(event, texts.line)].join("  ");
}
