import { readFile } from "../config/read_file.ts";
import { eventToJson } from "../core/event_json.ts";
import { errorMessage } from "../core/errors.ts";
import type { MappingEvent } from "../core/mapping.ts";
import type { Platform } from "../core/platform.ts";
import { openService, type Service } from "../daemon/service.ts";
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
export async function runRun(args: RunArgs, session: HostSession): Promise<number> {
  const file = args.config ?? await findConfig(session);
  const loading = await load(file, session);
  if (loading.kind !== "plan") {
    for (const line of faultLines(file, loading, session)) session.log.error(line);
    return EXIT_FAULTS;
  }
  session.configureLog(loading.log);
  await withPlatform(session, async (platform) => {
    await runService({ file, args, session, platform }, completePlan(loading.plan, args, session));
  });
  return 0;
}

interface Running {
  readonly file: string;
  readonly args: RunArgs;
  readonly session: HostSession;
  readonly platform: Platform;
}

async function runService(running: Running, plan: ServicePlan): Promise<void> {
  const { file, session: { texts, log, isJson, output, signal }, platform } = running;
  using events = new EventLog({ log, texts, clock: platform.clock });
  await using service = await openService(plan, {
    platform,
    lang: texts.lang,
    version: VERSION,
    configFile: file,
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
  const { readEnv } = running.session.host;
  using manager = openServiceManager({ readEnv, clock: platform.clock, log });
  using _watchdog = manager?.startWatchdog();
  manager?.ready();
  const reloads = new Reloads({ ...running, service, manager }, plan);
  using _hangup = onHangup(() => reloads.ask());
  using _watch = watchFile(file, { clock: platform.clock, onChange: () => reloads.ask() });
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  manager?.stopping();
  await reloads.settled();
}

interface ReloadParts extends Running {
  readonly service: Service;
  readonly manager: ServiceManager | undefined;
}

/** Reads the configuration again, one time after the other. */
class Reloads {
  readonly #running: ReloadParts;
  #plan: ServicePlan;
  #working: Promise<void> | undefined;
  #isAskedAgain = false;

  /** @param plan What runs now. */
  constructor(running: ReloadParts, plan: ServicePlan) {
    this.#running = running;
    this.#plan = plan;
  }

  /** The file may have changed. */
  ask(): void {
    this.#isAskedAgain = this.#working !== undefined;
    this.#working ??= this.#work();
  }

  /** Waits for the reload under way. */
  async settled(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    const { manager, session: { log, signal } } = this.#running;
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
    const { file, args, session, service } = this.#running;
    const { log } = session;
    const loading = await load(file, session);
    if (loading.kind !== "plan") {
      const lines = faultLines(file, loading, session);
      for (const line of lines) log.error(line);
      log.error("The configuration was not reloaded; everything goes on as it was", { faults: lines.length });
      return service.noteConfig(lines[0]);
    }
    session.configureLog(loading.log);
    const plan = completePlan(loading.plan, args, session);
    if (needsRestart(this.#plan, plan)) {
      log.warn("What changed in `status` and `state` is taken over with the next start only");
    }
    const before = new Set(this.#plan.tunnels.map(({ name }) => name));
    this.#plan = plan;
    await service.apply(plan);
    service.noteConfig();
    log.info("Configuration reloaded", {
      tunnels: plan.tunnels.length,
      added: plan.tunnels.filter(({ name }) => !before.has(name)).length,
    });
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
