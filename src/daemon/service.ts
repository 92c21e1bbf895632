import { orAborted } from "../core/aborting.ts";
import { errorMessage } from "../core/errors.ts";
import { Feed } from "../core/feed.ts";
import type { MappingEvent } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import type { InheritedListener } from "../net/inherited_listener.ts";
import type { ServicePlan, StatusFilePlan } from "../plan/service_plan.ts";
import type { ServiceControl } from "../status/service_control.ts";
import type { ServiceSnapshot } from "../status/service_snapshot.ts";
import { StatusBoard, type VitalsOf } from "../status/status_board.ts";
import { StatusFile } from "../status/status_file.ts";
import type { Lang } from "../text/lang.ts";
import { StateFile } from "./state_file.ts";
import { TunnelSet } from "./tunnel_set.ts";

/** What a {@linkcode Service} works with and whom it tells. */
export interface ServiceOptions {
  /** Network, clock, randomness and log. */
  readonly platform: Platform;
  /** Told of everything that happens, in order; must not block. */
  readonly emit: (event: MappingEvent) => void;
  /** Language of the test and status pages. */
  readonly lang: Lang;
  /** Told when a tunnel could not be opened, or ended with an error, once for each reason; it is tried on anyway. */
  readonly onFault?: (name: string, error: unknown) => void;
  /** For the snapshot: where the configuration came from. */
  readonly configFile?: string | undefined;
  /** Sockets that the service manager has opened for the status page; they belong to the service from now on. */
  readonly inherited?: readonly InheritedListener[] | undefined;
  /** For the snapshot. */
  readonly version: string;
}

/**
 * The running service: tunnels, status file, status socket and page, state. A tunnel that fails is told, and tried
 * again with growing pauses; it never hurts the others. Disposing stops everything and waits for it.
 */
export interface Service extends AsyncDisposable {
  /** What the status page, the socket and the status file see and do. */
  readonly control: ServiceControl;
  /**
   * Goes over to other tunnels: those that stay the same keep running untouched. Status and state stay where they
   * were opened. Resolves when those that had to stop have stopped and the new ones are on their way.
   */
  apply(plan: ServicePlan): Promise<void>;
  /** Tells the snapshot that the configuration was loaded now, or why that changed nothing. */
  noteConfig(fault?: string): void;
}

/** Between two samples of the counters, for the rates of the snapshot. */
const SAMPLE_MS = 5_000;

/**
 * Starts a plan.
 *
 * @throws {Error} If the status socket or page cannot be opened: with `code` "socket_in_use" where another daemon
 *   answers on the socket, else with the kernel's.
 */
export async function openService(plan: ServicePlan, options: ServiceOptions): Promise<Service> {
  const service = new RunningService(options);
  try {
    await service.start(plan);
    return service;
  } catch (error) {
    await service[Symbol.asyncDispose]();
    throw error;
  }
}

class RunningService implements Service {
  /** What the status page, the socket and the status file see and do. */
  readonly control: ServiceControl;
  readonly #options: ServiceOptions;
  readonly #board: StatusBoard;
  readonly #feed: Feed<MappingEvent>;
  readonly #owned = new AsyncDisposableStack();
  readonly #vitalsOf: VitalsOf = (name, protocol) => this.#tunnels?.vitals(name, protocol);
  /** Why tunnels could not be opened, as told last. */
  readonly #faults = new Map<string, string>();
  #tunnels: TunnelSet | undefined;
  #state: StateFile | undefined;
  #statusFile: StatusFile | undefined;
  #statusFormat: StatusFilePlan["format"] | undefined;
  #sampling: Disposable | undefined;

  constructor(options: ServiceOptions) {
    const { platform, version, configFile } = options;
    this.#options = options;
    this.#board = new StatusBoard({
      ...{ version, configFile, pid: Deno.pid },
      startedAt: platform.clock.date(),
      clock: platform.clock,
      onChange: () => this.#statusFile?.note(),
    });
    this.#feed = new Feed((error) =>
      platform.log.error("A reader of events failed", { reason: errorMessage(error) })
    );
    this.control = {
      snapshot: () => this.#snapshot(),
      subscribe: (reader) => this.#feed.subscribe(reader),
      verify: (name, signal) => this.#verify(name, signal),
    };
  }

  async start(plan: ServicePlan): Promise<void> {
    const { platform, emit, lang, onFault } = this.#options;
    const { status, state } = plan;
    const owned = this.#owned;
    if (state !== undefined) this.#state = owned.use(await StateFile.open({ ...state, ...platform }));
    owned.use(
      this.#feed.subscribe(({ event, name }) => void (event === "mapped" && this.#faults.delete(name))),
    );
    // First come, first served: what the others show of an event the board knows already.
    owned.use(this.#feed.subscribe((event) => this.#board.note(event)));
    owned.use(this.#feed.subscribe((event) => this.#state?.note(event)));
    await this.#openStatus(status);
    owned.use(this.#feed.subscribe(emit));
    const memory = this.#state;
    this.#tunnels = owned.use(
      new TunnelSet({
        ...{ platform, feed: this.#feed, lang, memory, endsWhenUnusable: false },
        onFault: ({ name }, error) => {
          const reason = errorMessage(error);
          this.#board.fail(name, reason);
          if (this.#faults.get(name) === reason) return;
          this.#faults.set(name, reason);
          onFault?.(name, error);
        },
      }),
    );
    await this.apply(plan);
    this.#sample();
  }

  async apply({ tunnels }: ServicePlan): Promise<void> {
    this.#board.setTunnels(tunnels);
    this.#state?.keepOnly(tunnels);
    await this.#tunnels?.apply(tunnels);
  }

  noteConfig(fault?: string): void {
    this.#board.setConfig({ loadedAt: this.#options.platform.clock.date(), fault });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sampling?.[Symbol.dispose]();
    // Natter's file stays as it was, for whoever reads it after the end; ours says that everything has ended.
    if (this.#statusFormat === "natter") await this.#statusFile?.[Symbol.asyncDispose]();
    await this.#owned.disposeAsync();
  }

  async #openStatus({ file, socket, listen, token }: ServicePlan["status"]): Promise<void> {
    const { platform: { clock, log }, lang, inherited = [] } = this.#options;
    const owned = this.#owned;
    for (const listener of inherited) owned.use(listener);
    // Before the file: another daemon's socket must end us before its file is overwritten.
    if (socket !== undefined || listen !== undefined) {
      // Hono takes its time to load; a front end without a status page does not pay for it.
      const { openStatusServer } = await import("../status/open_status_server.ts");
      const { control } = this;
      const pagePath = inherited.length > 0 && socket !== undefined ? `${socket}.page` : undefined;
      owned.use(
        await openStatusServer({ control, socketPath: socket, pagePath, listen, token, lang, log, clock }),
      );
      if (pagePath !== undefined) {
        for (const listener of inherited) owned.use(await listener.serve(pagePath));
      }
    }
    if (file === undefined) return;
    this.#statusFormat = file.format;
    const snapshot = (): ServiceSnapshot => this.#snapshot();
    this.#statusFile = owned.use(await StatusFile.open({ ...file, snapshot, clock, log }));
  }

  #sample(): void {
    const { clock } = this.#options.platform;
    this.#board.sample(clock.now(), this.#vitalsOf);
    this.#sampling = clock.schedule(SAMPLE_MS, () => this.#sample());
  }

  #snapshot(): ServiceSnapshot {
    const now = this.#options.platform.clock.date();
    return this.#board.snapshot(now, this.#vitalsOf);
  }

  async #verify(name: string | undefined, signal: AbortSignal): Promise<ServiceSnapshot> {
    signal.throwIfAborted();
    if (this.#tunnels !== undefined) await orAborted(this.#tunnels.verify(name), signal);
    return this.#snapshot();
  }
}
