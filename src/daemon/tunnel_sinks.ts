import type { MappingEvent, MappingFields } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import { HookRunner } from "../hook/hook_runner.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";

/** What is known from before a restart. */
export interface TunnelMemory {
  /** The port the tunnel had bound. */
  portOf(plan: TunnelPlan): number | undefined;
  /** What a sink (`hooks`, or a publisher) of the tunnel was told last. */
  toldOf(plan: TunnelPlan, sink: string): MappingFields | undefined;
  /** A sink has been told this. */
  noteTold(plan: TunnelPlan, sink: string, mapping: MappingFields): void;
}

/** Options for {@linkcode TunnelSinks}. */
export interface TunnelSinksOptions {
  readonly platform: Platform;
  /** Told what became of hooks and publishers. */
  readonly emit: (event: MappingEvent) => void;
  readonly memory?: TunnelMemory | undefined;
}

/** Hooks and publishers of one tunnel; slow ones never hold it up. Disposing ends what runs. */
export class TunnelSinks implements AsyncDisposable {
  readonly #options: TunnelSinksOptions;
  #hooks: HookRunner;

  constructor(plan: TunnelPlan, options: TunnelSinksOptions) {
    this.#options = options;
    this.#hooks = this.#openHooks(plan);
  }

  /** Takes an event of the tunnel; returns at once. */
  deliver(event: MappingEvent): void {
    this.#hooks.deliver(event);
  }

  /** Goes over to the hooks and publishers of another plan; what they were told last counts as told. */
  async replace(plan: TunnelPlan): Promise<void> {
    const hooks = this.#hooks;
    this.#hooks = this.#openHooks(plan);
    await hooks[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hooks[Symbol.asyncDispose]();
  }

  #openHooks({ hooks, name }: TunnelPlan): HookRunner {
    const { platform: { log, clock }, emit } = this.#options;
    return new HookRunner({ hooks, name, log, clock, emit });
  }
}
