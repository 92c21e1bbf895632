import { createHash } from "node:crypto";
import { isMappingNews, type MappingEvent, type MappingFields } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import { HookRunner } from "../hook/hook_runner.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import { openPublisher, publisherKey, secretsKey } from "../publish/open_publisher.ts";
import { PublisherRunner } from "../publish/run_publisher.ts";
import type { Turns } from "../publish/turns.ts";

/** What is known from before a restart. */
export interface TunnelMemory {
  /** The port the tunnel had bound. */
  portOf(plan: TunnelPlan): number | undefined;
  /** What a sink (the hooks, or a publisher) of the tunnel was told last. */
  toldOf(plan: TunnelPlan, sink: string): MappingFields | undefined;
  /** A sink has been told this; `undefined`: whatever comes is news to it. */
  noteTold(plan: TunnelPlan, sink: string, mapping: MappingFields | undefined): void;
  /** Forgets what other sinks of the tunnel were told: those of today may change it. */
  keepSinks(plan: TunnelPlan, sinks: ReadonlySet<string>): void;
}

/** Options for {@linkcode TunnelSinks}. */
export interface TunnelSinksOptions {
  readonly platform: Platform;
  /** Told what became of hooks and publishers. */
  readonly emit: (event: MappingEvent) => void;
  readonly memory?: TunnelMemory | undefined;
  /** Publishers of all tunnels take turns at records they write together. */
  readonly turns?: Turns | undefined;
}

interface Sink extends AsyncDisposable {
  deliver(event: MappingEvent): void;
}

/** Hooks and publishers of one tunnel; slow ones never hold it up. Disposing ends what runs. */
export class TunnelSinks implements AsyncDisposable {
  readonly #options: TunnelSinksOptions;
  /** By a name that is another one where they would tell something else, or elsewhere. */
  #sinks: ReadonlyMap<string, Sink>;
  /** Where the mapping is; `undefined` while it is not known. */
  #latest: MappingEvent | undefined;

  constructor(plan: TunnelPlan, options: TunnelSinksOptions) {
    this.#options = options;
    this.#sinks = this.#open(plan, new Map());
    this.#keepSinks(plan);
  }

  /** Takes an event of the tunnel; returns at once. */
  deliver(event: MappingEvent): void {
    if (event.event === "client") return;
    if (isMappingNews(event)) {
      this.#latest = event;
    }
    if (event.event === "lost" || event.event === "unusable") this.#latest = undefined;
    for (const sink of this.#sinks.values()) sink.deliver(event);
  }

  /**
   * Goes over to the hooks and publishers of another plan: when the old ones have ended, which may have been telling the
   * same place, new ones are told where the mapping is.
   */
  async replace(plan: TunnelPlan): Promise<void> {
    const before = this.#sinks;
    this.#sinks = this.#open(plan, before);
    const leaving = [...before].filter(([key]) => !this.#sinks.has(key));
    await Promise.all(leaving.map(([, sink]) => sink[Symbol.asyncDispose]()));
    this.#keepSinks(plan);
    for (const [key, sink] of this.#sinks) {
      if (!before.has(key) && this.#latest !== undefined) sink.deliver(this.#latest);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sinks.values().map((sink) => sink[Symbol.asyncDispose]()));
  }

  #keepSinks(plan: TunnelPlan): void {
    const { hooks, publish } = plan;
    this.#options.memory?.keepSinks(plan, new Set([hooksKey(hooks), ...publish.map(publisherKey)]));
  }

  #open(plan: TunnelPlan, known: ReadonlyMap<string, Sink>): ReadonlyMap<string, Sink> {
    const { platform, emit, memory, turns } = this.#options;
    const { hooks, publish, name } = plan;
    const sinks = new Map<string, Sink>();
    const memoryOf = (key: string): Pick<ConstructorParameters<typeof HookRunner>[0], "told" | "onTold"> => ({
      told: memory?.toldOf(plan, key),
      onTold: (mapping) => memory?.noteTold(plan, key, mapping),
    });
    if (hooks.length > 0) {
      const key = hooksKey(hooks);
      sinks.set(key, known.get(key) ?? new HookRunner({ hooks, name, emit, ...platform, ...memoryOf(key) }));
    }
    for (const options of publish) {
      const key = publisherKey(options);
      // With another token it has to be another one, although it tells the same place.
      const runningKey = `${key} ${secretsKey(options)}`;
      const running = known.get(runningKey);
      sinks.set(
        runningKey,
        running ?? new PublisherRunner({
          publisher: openPublisher(options, { ...platform, fetch, turns }),
          ...{ emit, ...platform, ...memoryOf(key) },
        }),
      );
    }
    return sinks;
  }
}

function hooksKey(hooks: TunnelPlan["hooks"]): string {
  return `hooks-${createHash("sha256").update(JSON.stringify(hooks)).digest("hex").slice(0, 16)}`;
}
