import { untilAborted } from "../../../core/aborting.ts";
import { NAT1_TYPES } from "../../../config/import/nat1_config.ts";
import type { Endpoint } from "../../../core/endpoint.ts";
import { errorMessage } from "../../../core/errors.ts";
import type { MappingEvent } from "../../../core/mapping.ts";
import type { Platform } from "../../../core/platform.ts";
import { TaskGroup } from "../../../core/task_group.ts";
import { openService } from "../../../daemon/service.ts";
import { textsOf } from "../../../text/texts.ts";
import { messageWithHint } from "../../sharing_hint.ts";
import { VERSION } from "../../version.ts";
import type { OwnFlags } from "../natter/own_flags.ts";
import { Nat1Events } from "./nat1_events.ts";
import { mappingFailed } from "./nat1_lines.ts";
import type { Nat1Log } from "./nat1_log.ts";
import type { Nat1Settings } from "./nat1_settings.ts";
import { planNat1 } from "./plan_nat1.ts";
import { serverProbeOf } from "./probe_server.ts";
import { ServerWatch } from "./watch_server.ts";

/** Options for {@linkcode serveNat1}. */
export interface ServeNat1Options {
  readonly platform: Platform;
  readonly log: Nat1Log;
  readonly own: OwnFlags;
  /** Our JSON line of an event. */
  readonly print: (event: MappingEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * Binds the local address and lets it go again: what cannot be bound is better told before anything else.
 *
 * @throws {Error} With the kernel's `code`.
 */
export async function tryLocal({ type, local }: Nat1Settings, { net }: Pick<Platform, "net">): Promise<void> {
  // The tunnel binds the address that the system chooses; the wildcard would meet what others bound elsewhere.
  const isAny = local.address === "0.0.0.0";
  const address = isAny ? await net.localAddressTowards(SOMEWHERE).catch(() => local.address) : local.address;
  const bind = { local: { address, port: local.port }, reusePort: true };
  if (NAT1_TYPES[type].protocol === "tcp") (await net.reservePort(bind))[Symbol.dispose]();
  else (await net.openDatagram({ ...bind, onDatagram: () => {} }))[Symbol.dispose]();
}

/** For the choice of route; nothing is sent there. */
const SOMEWHERE: Endpoint = { address: "1.1.1.1", port: 53 };

/**
 * Keeps the mapping until the signal; in share-port mode only once the local server answers, which is then looked at
 * from time to time.
 *
 * @throws {Error} If the network cannot be opened at all.
 */
export async function serveNat1(settings: Nat1Settings, options: ServeNat1Options): Promise<void> {
  const { platform, log, own, print, signal } = options;
  const { clock } = platform;
  const { local, type, remote } = settings;
  await using group = new TaskGroup(signal);
  const watch = new ServerWatch({
    clock,
    log,
    probe: serverProbeOf(type, platform),
    local: local.address === "0.0.0.0" ? { address: "127.0.0.1", port: local.port } : local,
  });
  using events = new Nat1Events({ log, clock, settings });
  const looks = new MappedLooks({ watch, group, log });
  try {
    if (remote === undefined) await watch.untilOnline(signal);
    await using _service = await openService(planNat1(settings, own), {
      platform,
      lang: "zh-CN",
      version: VERSION,
      emit: (event) => {
        print(event);
        events.note(event);
        if (remote === undefined) looks.note(event);
      },
      onFault: (_name, error) => log.error(mappingFailed(messageWithHint(error, textsOf("zh-CN")))),
    });
    await untilAborted(signal);
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
  }
}

/** One look at a time, at the external endpoint of the moment. */
class MappedLooks {
  readonly #parts: { readonly watch: ServerWatch; readonly group: TaskGroup; readonly log: Nat1Log };
  #current: AbortController | undefined;

  constructor(parts: { readonly watch: ServerWatch; readonly group: TaskGroup; readonly log: Nat1Log }) {
    this.#parts = parts;
  }

  note(event: MappingEvent): void {
    switch (event.event) {
      case "mapped":
      case "changed":
      case "restored":
        return this.#look(event.external);
      case "lost":
      case "unusable":
      case "stopped":
        return this.#stop();
      default:
        return;
    }
  }

  #look(external: Endpoint): void {
    this.#stop();
    const current = this.#current = new AbortController();
    const { watch, group, log } = this.#parts;
    group.spawn(async (wider) => {
      const signal = AbortSignal.any([wider, current.signal]);
      try {
        await watch.watch(external, signal);
      } catch (error) {
        // Whatever it is, the mapping stays up.
        if (!signal.aborted) log.error(errorMessage(error));
      }
    });
  }

  #stop(): void {
    this.#current?.abort(new DOMException("There is newer news", "AbortError"));
    this.#current = undefined;
  }
}
