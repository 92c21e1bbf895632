import type { Clock } from "../../../core/clock.ts";
import { formatEndpoint, isSameEndpoint } from "../../../core/endpoint.ts";
import type { Endpoint } from "../../../core/endpoint.ts";
import type { Logger } from "../../../core/log.ts";
import type { ClientEvent, MappingEvent } from "../../../core/mapping.ts";
import { ClientLog } from "../../../forward/client_log.ts";
import { clientWords } from "./client_words.ts";
import {
  forwarding,
  LINES,
  mapped,
  mappingFailed,
  mappingLost,
  published,
  publishFailed,
} from "./nat1_lines.ts";
import type { Nat1Settings } from "./nat1_settings.ts";

/** Options for {@linkcode Nat1Events}. */
export interface Nat1EventsOptions {
  readonly log: Logger;
  readonly clock: Clock;
  readonly settings: Pick<Nat1Settings, "publisher" | "recordName" | "proxyProtocol">;
}

/**
 * Events of the tunnel in nat1_traversal's words; lines about clients are thinned out. Disposing tells how many were
 * not shown.
 */
export class Nat1Events implements Disposable {
  readonly #options: Nat1EventsOptions;
  readonly #clients: ClientLog<ClientEvent>;
  #published: Endpoint | undefined;

  constructor(options: Nat1EventsOptions) {
    const { log, clock, settings: { proxyProtocol } } = options;
    this.#options = options;
    this.#clients = new ClientLog({
      clock,
      show: (event) => {
        for (const { level, text } of clientWords(event, proxyProtocol)) log[level](text);
      },
      more: (hidden) => log.info(`另有 ${hidden} 条客户端日志未显示`),
    });
  }

  /** Logs what an event says; never waits. */
  note(event: MappingEvent): void {
    const { log, settings: { publisher, recordName } } = this.#options;
    switch (event.event) {
      case "mapped":
      case "changed":
      case "restored":
        log.info(mapped(event.external));
        if (event.target !== undefined) log.info(forwarding(event.internal, event.external, event.target));
        if (publisher !== undefined && !isSameEndpoint(event.external, this.#published)) {
          log.info(LINES.publishing);
        }
        return;
      case "lost":
        return log.warn(mappingLost(event.reason));
      case "unusable":
        return log.warn(mappingFailed(event.reason));
      case "published":
        this.#published = event.external;
        return log.info(published(recordName));
      case "publish-failed":
        this.#published = undefined;
        return log.warn(publishFailed(event.reason));
      case "client":
        return this.#clients.note(event);
      case "checked":
        return log.debug("self-check", {
          external: formatEndpoint(event.external),
          ...event.reachability,
        });
      case "hook":
      case "stopped":
        return log.debug(event.event);
    }
  }

  [Symbol.dispose](): void {
    this.#clients[Symbol.dispose]();
  }
}
