import { dirname, join } from "node:path";
import { systemWriter } from "../core/replace_file.ts";
import type { Clock } from "../core/clock.ts";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { isMappingNews, type MappingEvent, type MappingFields, tunnelKey } from "../core/mapping.ts";
import type { TunnelPlan } from "../plan/tunnel_plan.ts";
import type { TunnelMemory } from "./tunnel_sinks.ts";

/** How the state is read and written; tests hand in their own. */
export interface StateDisk {
  /** @returns `undefined` if there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** Replaces the file in one step. */
  write(path: string, text: string): Promise<void>;
}

/** Options for {@linkcode StateFile.open}. */
export interface StateFileOptions {
  readonly directory: string;
  /** Hooks and publishers are told after a restart even what they were told before. */
  readonly announcesAtStart: boolean;
  /** @default the machine's */
  readonly disk?: StateDisk | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

const systemDisk: StateDisk = { read: readIfThere, write: writeIntoFolder };

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function writeIntoFolder(path: string, text: string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await systemWriter.replace(path, text);
}

interface TunnelState {
  /** Internal endpoint. */
  readonly internal?: string | undefined;
  /** By sink: what it was told last, as internal, external and target endpoints. */
  readonly told: Readonly<Record<string, readonly string[]>>;
}

/** Changes come in bursts: all tunnels of a NAT that restarted. */
const WRITE_AFTER_MS = 200;

/**
 * What survives a restart: each tunnel's bound port, and the mapping its hooks and publishers were told last. A
 * state that cannot be read counts as none; one that cannot be written is told once and tried with each change.
 */
export class StateFile implements TunnelMemory, AsyncDisposable {
  readonly #options: StateFileOptions;
  readonly #path: string;
  readonly #tunnels: Map<string, TunnelState>;
  #timer: Disposable | undefined;
  #writing: Promise<void> = Promise.resolve();
  #hasFailed = false;

  private constructor(options: StateFileOptions, path: string, tunnels: Map<string, TunnelState>) {
    this.#options = options;
    this.#path = path;
    this.#tunnels = tunnels;
  }

  /** Reads what a former process left. */
  static async open(options: StateFileOptions): Promise<StateFile> {
    const { directory, disk = systemDisk, log } = options;
    const path = join(directory, "state.json");
    try {
      const text = await disk.read(path);
      return new StateFile(options, path, text === undefined ? new Map() : readTunnels(text));
    } catch (error) {
      log.warn("Cannot read the state of the last run; starting without", {
        path,
        reason: errorMessage(error),
      });
      return new StateFile(options, path, new Map());
    }
  }

  portOf(plan: TunnelPlan): number | undefined {
    return endpointOf(this.#tunnels.get(tunnelKey(plan))?.internal)?.port;
  }

  toldOf(plan: TunnelPlan, sink: string): MappingFields | undefined {
    if (this.#options.announcesAtStart) return undefined;
    const [internal, external, target] = (this.#tunnels.get(tunnelKey(plan))?.told[sink] ?? []).map(
      endpointOf,
    );
    if (internal === undefined || external === undefined) return undefined;
    return { internal, external, ...(target && { target }) };
  }

  noteTold(plan: TunnelPlan, sink: string, mapping: MappingFields | undefined): void {
    const state = this.#tunnels.get(tunnelKey(plan));
    const { [sink]: _old, ...others } = state?.told ?? {};
    const told = mapping === undefined ? others : { ...others, [sink]: textsOfMapping(mapping) };
    this.#put(tunnelKey(plan), { ...state, told });
  }

  keepSinks(plan: TunnelPlan, sinks: ReadonlySet<string>): void {
    const key = tunnelKey(plan);
    const state = this.#tunnels.get(key);
    const told = Object.entries(state?.told ?? {});
    const kept = told.filter(([sink]) => sinks.has(sink));
    if (kept.length < told.length) this.#put(key, { ...state, told: Object.fromEntries(kept) });
  }

  /** Takes the port from news of a mapping. */
  note(event: MappingEvent): void {
    if (!isMappingNews(event)) return;
    const state = this.#tunnels.get(tunnelKey(event));
    const internal = formatEndpoint(event.internal);
    if (state?.internal !== internal) this.#put(tunnelKey(event), { told: {}, ...state, internal });
  }

  /** Forgets tunnels that are not wanted any more. */
  keepOnly(plans: readonly TunnelPlan[]): void {
    const wanted = new Set(plans.map(tunnelKey));
    for (const key of [...this.#tunnels.keys()]) if (!wanted.has(key)) this.#tunnels.delete(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer !== undefined) this.#write();
    await this.#writing;
  }

  #put(key: string, state: TunnelState): void {
    this.#tunnels.set(key, state);
    this.#timer ??= this.#options.clock.schedule(WRITE_AFTER_MS, () => this.#write());
  }

  #write(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const text = `${
      JSON.stringify({ version: 1, tunnels: Object.fromEntries(this.#tunnels) }, undefined, 2)
    }\n`;
    this.#writing = this.#writing.then(async () => {
      const { disk = systemDisk, log } = this.#options;
      try {
        await disk.write(this.#path, text);
        this.#hasFailed = false;
      } catch (error) {
        if (!this.#hasFailed) {
          log.warn("Cannot write the state", { path: this.#path, reason: errorMessage(error) });
        }
        this.#hasFailed = true;
      }
    });
  }
}

function textsOfMapping({ internal, external, target }: MappingFields): readonly string[] {
  return [internal, external, ...(target === undefined ? [] : [target])].map(formatEndpoint);
}

function endpointOf(text: string | undefined): Endpoint | undefined {
  try {
    return text === undefined ? undefined : parseEndpoint(text);
  } catch {
    // Somebody edited the file; what cannot be read is as good as absent.
    return undefined;
  }
}

function readTunnels(text: string): Map<string, TunnelState> {
  const state: unknown = JSON.parse(text);
  const tunnels = new Map<string, TunnelState>();
  for (const [key, value] of entriesOf(fieldOf(state, "tunnels"))) {
    const told = entriesOf(fieldOf(value, "told")).map(([sink, texts]) => [sink, textsOf(texts)] as const);
    tunnels.set(key, { internal: textsOf([fieldOf(value, "internal")])[0], told: Object.fromEntries(told) });
  }
  return tunnels;
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

function fieldOf(value: unknown, key: string): unknown {
  return entriesOf(value).find(([name]) => name === key)?.[1];
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
