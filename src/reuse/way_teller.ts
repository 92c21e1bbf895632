import type { Endpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Protocol } from "../core/mapping.ts";
import type { PortNews } from "./port_news.ts";
import type { HeldSocket } from "./port_survey.ts";
import type { PortSharing } from "./share_port.ts";
import type { ServiceProcess } from "./sharing_pass.ts";

/** Options for {@linkcode WayTeller}. */
export interface WayTellerOptions {
  readonly log: Logger;
  readonly sharing?: PortSharing | undefined;
  readonly onWay?: ((news: PortNews) => void) | undefined;
}

/** A port that was taken. */
export interface TakenPort {
  readonly protocol: Protocol;
  readonly local: Endpoint;
}

/** Tells which way a port was taken, when that is news. */
export class WayTeller {
  readonly #options: WayTellerOptions;
  /** By port: what was told last. */
  readonly #told = new Map<string, { readonly kind: PortNews["kind"]; readonly text: string }>();

  /** Tells nothing yet. */
  constructor(options: WayTellerOptions) {
    this.#options = options;
  }

  /** Tells it unless it is what was told of this port last. */
  tell(key: string, news: PortNews): void {
    // The count goes down while it waits.
    const text = news.kind === "waiting" ? news.kind : JSON.stringify(news);
    if (this.#told.get(key)?.text === text) return;
    this.#told.set(key, { kind: news.kind, text });
    this.#options.onWay?.(news);
  }

  /** The port could be bound just like that: tells why, the first time and after a refusal. */
  async lookOnce(key: string, port: TakenPort): Promise<void> {
    const told = this.#told.get(key)?.kind;
    if (told === undefined || told === "waiting" || told === "refused") await this.look(key, port);
  }

  /** Tells who shares the port by itself, or that nobody is there. */
  async look(key: string, { protocol, local }: TakenPort): Promise<void> {
    const { sharing, onWay, log } = this.#options;
    if (sharing === undefined || onWay === undefined) return;
    try {
      const { serving, perhaps, elsewhere, obstacle } = await sharing.survey(protocol, local);
      const sockets = [...serving, ...perhaps];
      const holders = namesOf(sockets);
      const changed = sockets.map(({ row }) => sharing.beforeOf(row.inode)).filter((one) =>
        one !== undefined
      );
      const isServed = holders.length > 0 || (obstacle !== undefined && obstacle.kind !== "own-socket");
      if (changed.length > 0) {
        const canRestart = changed.every((before) => before.reuseAddress || before.reusePort);
        this.tell(key, { kind: "made-shareable", holders, canRestart }); // for another tunnel, or an earlier one
      } else this.tell(key, isServed ? { kind: "shares", holders } : { kind: "nothing-there", elsewhere });
    } catch (error) {
      log.debug("Cannot look who serves a port", { reason: errorMessage(error) });
    }
  }
}

function namesOf(sockets: readonly HeldSocket[]): readonly ServiceProcess[] {
  const names = new Map<number, string>();
  for (const { holders: [first] } of sockets) {
    if (first !== undefined) names.set(first.pid, first.comm);
  }
  return [...names].map(([pid, comm]) => ({ pid, comm }));
}
