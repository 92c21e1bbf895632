import { untilAborted } from "../core/aborting.ts";
import { textsOf } from "../text/texts.ts";
import { resolve } from "node:path";
import { readFile } from "../config/read_file.ts";
import { eventToJson } from "../core/event_json.ts";
import { errorMessage } from "../core/errors.ts";
import type { MappingEvent } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import { openService, type Service } from "../daemon/service.ts";
import { takeInheritedListeners } from "../net/inherited_listener.ts";
import { openServiceManager, type ServiceManager } from "../net/service_manager.ts";
import { loadPlan, type PlanLoading } from "../plan/load_plan.ts";
import type { ServicePlan } from "../plan/service_plan.ts";
import { defaultSocketPath } from "../status/socket_path.ts";
import type { RunArgs } from "./command_args.ts";
import { faultLine, unreadableLine } from "./config_lines.ts";
import { sharingHint } from "./sharing_hint.ts";
import { EventLog } from "./event_log.ts";
import { watchFile } from "./file_watch.ts";
import { type HostSession, withPlatform } from "./session.ts";
import { TUNNEL_DEFAULTS } from "./tunnel_defaults.ts";
import { UsageError } from "./usage_error.ts";
import { VERSION } from "./version.ts";

/** Where the configuration is looked for if none is named. */
const USUAL_FILES = ["porthole.json", "/etc/porthole/porthole.json"] as const;
/** A configuration with faults at the start: trying again will not help, as with a wrong flag. */
const EXIT_FAULTS = 2;

/**
 * `porthole run`: runs what a configuration names until the session's signal; takes a changed file over.
 *
 * @returns 0; 2 if the configuration has faults at the start.
 * @throws {UsageError} If there is no configuration.
 * @throws {Error} With a code if the status socket or page cannot be opened.
 */
export async function runRun(args: RunArgs, caller: HostSession): Promise<number> {
  const opened = await openConfig(args, caller);
  if (opened === undefined) return EXIT_FAULTS;
  await withPlatform(opened.session, (platform) => runService({ ...opened, args, platform }));
  return 0;
}

/** What runs first; `undefined` if it has faults, which are told. */
interface Opened {
  readonly file: string;
  readonly session: HostSession;
  readonly plan: ServicePlan;
  readonly secretFiles: readonly string[];
}

async function openConfig(args: RunArgs, caller: HostSession): Promise<Opened | undefined> {
  const file = resolve(args.config ?? await findConfig(caller));
  const loading = await load(file, caller);
  if (loading.kind !== "plan") {
    for (const line of faultLines(file, loading, caller)) caller.log.error(line);
    return undefined;
  }
  const { config: { lang }, log, secretFiles } = loading;
  const texts = lang === undefined || args.lang !== undefined ? caller.texts : textsOf(lang);
  const session = { ...caller, texts };
  session.configureLog(log);
  return { file, session, secretFiles, plan: completePlan(loading.plan, args, session) };
}

interface Running extends Opened {
  readonly args: RunArgs;
  readonly platform: Platform;
}

async function runService(running: Running): Promise<void> {
  const { file, session, platform, plan } = running;
  const { texts, log, isJson, output, signal, host: { readEnv } } = session;
  using events = new EventLog({ log, texts, clock: platform.clock });
  await using service = await openService(plan, {
    platform,
    lang: texts.lang,
    version: VERSION,
    configFile: file,
    inherited: takeInheritedListeners({ readEnv, log }),
    emit: (event: MappingEvent): void => {
      if (isJson) output.json(eventToJson(event));
      events.note(event);
    },
    onFault: (tunnel, error) => {
      const hint = sharingHint(error, texts);
      log.warn("Cannot open tunnel; trying again", { tunnel, reason: errorMessage(error), hint });
    },
  });
  service.noteConfig();
  using manager = openServiceManager({ readEnv, clock: platform.clock, log });
  await using reloads = new Reloads({ ...running, service, manager });
  using _hangup = onHangup(() => reloads.ask());
  using _watchdog = manager?.startWatchdog();
  // Whoever hears it may ask for a reload at once.
  manager?.ready();
  await untilAborted(signal);
  manager?.stopping();
}

interface ReloadParts extends Running {
  readonly service: Service;
  readonly manager: ServiceManager | undefined;
}

/**
 * Reads the configuration again, one time after the other, when it is asked to or a file that it came from changes.
 * Disposing waits for the reload under way.
 */
class Reloads implements AsyncDisposable {
  readonly #parts: ReloadParts;
  readonly #watches = new Map<string, Disposable>();
  #working: Promise<void> | undefined;
  #isAskedAgain = false;

  /** @param parts With what was opened at the start. */
  constructor(parts: ReloadParts) {
    this.#parts = parts;
    this.#watch(parts.secretFiles);
  }

  /** The file may have changed. */
  ask(): void {
    this.#isAskedAgain = this.#working !== undefined;
    this.#working ??= this.#work();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watch of this.#watches.values()) watch[Symbol.dispose]();
    await this.#working;
  }

  #watch(secretFiles: readonly string[]): void {
    const { file, platform: { clock } } = this.#parts;
    const wanted = new Set([file, ...secretFiles]);
    for (const [path, watch] of this.#watches) {
      if (wanted.has(path)) continue;
      watch[Symbol.dispose]();
      this.#watches.delete(path);
    }
    for (const path of wanted) {
      if (!this.#watches.has(path)) {
        this.#watches.set(path, watchFile(path, { clock, onChange: () => this.ask() }));
      }
    }
  }

  async #work(): Promise<void> {
    const { manager, session: { log, signal } } = this.#parts;
    do {
      this.#isAskedAgain = false;
      manager?.reloading();
      try {
        await this.#reload();
      } catch (error) {
        log.error("Cannot reload the configuration", { reason: errorMessage(error) });
      }
      manager?.ready();
    } while (this.#isAskedAgain && !signal.aborted);
    this.#working = undefined;
  }

  async #reload(): Promise<void> {
    const { file, args, session, service } = this.#parts;
    const { log } = session;
    const loading = await load(file, session);
    if (loading.kind !== "plan") {
      const lines = faultLines(file, loading, session);
      for (const line of lines) log.error(line);
      log.error("The configuration was not reloaded; everything goes on as it was", { faults: lines.length });
      return service.noteConfig(lines[0]);
    }
    session.configureLog(loading.log);
    this.#watch(loading.secretFiles);
    const plan = completePlan(loading.plan, args, session);
    if (needsRestart(this.#parts.plan, plan)) {
      log.warn("What changed in `status` and `state` is taken over with the next start only");
    }
    await service.apply(plan);
    service.noteConfig();
    log.info("Configuration reloaded", { tunnels: plan.tunnels.length });
  }
}

function load(file: string, { host }: HostSession): Promise<PlanLoading> {
  return loadPlan(file, { defaults: TUNNEL_DEFAULTS, readFile, readEnv: host.readEnv });
}

function faultLines(
  file: string,
  loading: Exclude<PlanLoading, { kind: "plan" }>,
  { texts }: HostSession,
): readonly string[] {
  if (loading.kind === "unreadable") return [unreadableLine(file, { ...loading, texts: texts.config })];
  return loading.faults.map((fault) => faultLine(file, fault));
}

/** Fills in where the socket and the state are, as systemd or the user's session has it. */
function completePlan(plan: ServicePlan, args: RunArgs, { host }: HostSession): ServicePlan {
  const { readEnv } = host;
  const usual = defaultSocketPath({ readEnv, uid: Deno.uid() ?? undefined, os: Deno.build.os });
  const socket = args.socket ?? plan.status.socket ?? usual;
  const directory = readEnv("STATE_DIRECTORY")?.split(":")[0];
  const state = plan.state ?? (directory ? { directory, announcesAtStart: false } : undefined);
  return { ...plan, status: { ...plan.status, socket }, state };
}

function needsRestart(a: ServicePlan, b: ServicePlan): boolean {
  const shape = ({ status: { token, ...status }, state }: ServicePlan): string =>
    JSON.stringify([status, state, token?.reveal()]);
  return shape(a) !== shape(b);
}

async function findConfig({ texts }: HostSession): Promise<string> {
  for (const file of USUAL_FILES) {
    const info = await Deno.stat(file).catch(() => undefined);
    if (info !== undefined) return file;
  }
  throw new UsageError(texts.usage.noConfig(USUAL_FILES));
}

/** SIGHUP: the old way to ask for a reload. */
function onHangup(act: () => void): Disposable {
  if (Deno.build.os === "windows") return { [Symbol.dispose]: () => {} };
  Deno.addSignalListener("SIGHUP", act);
  return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGHUP", act) };
}
