import { resolve } from "node:path";
import type { Config, LogConfig } from "../config/config.ts";
import { type ConfigFault, inSourceOrder, type PlaceOf } from "../config/config_fault.ts";
import { loadConfig, type LoadConfigOptions, type LoadedConfig } from "../config/load_config.ts";
import type { FileTrouble } from "../config/secrets.ts";
import { planService } from "./plan_service.ts";
import type { ServicePlan } from "./service_plan.ts";
import type { TunnelDefaults } from "./tunnel_defaults.ts";

/** Options for {@linkcode loadPlan}. */
export interface LoadPlanOptions extends LoadConfigOptions {
  /** Built-in servers, for what the user did not name. */
  readonly defaults: TunnelDefaults;
}

/** What {@linkcode loadPlan} gives. */
export type PlanLoading =
  | {
    readonly kind: "plan";
    readonly plan: ServicePlan;
    /** `log` of the file, its paths absolute. */
    readonly log: LogConfig | undefined;
    readonly config: Config;
    /** Folder of the file, absolute. */
    readonly directory: string;
    /** Absolute paths of the files that secrets came from. */
    readonly secretFiles: readonly string[];
    /** Where something stands in the file. */
    readonly placeOf: PlaceOf;
  }
  | {
    readonly kind: "faults";
    /** At least one, in the order of the file. */
    readonly faults: readonly ConfigFault[];
  }
  | {
    readonly kind: "unreadable";
    readonly trouble: FileTrouble;
    /** For people: `no such file`, `permission denied`, … */
    readonly reason: string;
  };

/**
 * Reads, checks and plans a configuration file. All faults come at once: the planner looks at what is sound even where
 * something else is wrong. Never rejects for what is in the file, or for a file that cannot be read.
 */
export async function loadPlan(path: string, options: LoadPlanOptions): Promise<PlanLoading> {
  const loading = await loadConfig(path, options);
  if (loading.kind === "unreadable") return loading;
  const loaded = loading.kind === "config" ? loading : loading.sound;
  const known = loading.kind === "config" ? [] : loading.faults;
  if (loaded === undefined) return { kind: "faults", faults: known };
  const planning = planService(loaded.config, {
    defaults: options.defaults,
    secretOf: loaded.secretOf,
    baseDirectory: loaded.directory,
    placeOf: loaded.placeOf,
  });
  if (planning.kind === "plan" && known.length === 0) {
    const { config, directory, secretFiles, placeOf } = loaded;
    return { kind: "plan", plan: planning.plan, log: logOf(loaded), config, directory, secretFiles, placeOf };
  }
  const found = planning.kind === "plan" ? [] : planning.faults;
  // One fault can have another in its wake: a secret that could not be read is none for the planner.
  const told = new Set(known.map((fault) => fault.path));
  return {
    kind: "faults",
    faults: inSourceOrder([...known, ...found.filter((fault) => !told.has(fault.path))]),
  };
}

function logOf({ config: { log }, directory }: LoadedConfig): LogConfig | undefined {
  return log?.file === undefined ? log : { ...log, file: resolve(directory, log.file) };
}
