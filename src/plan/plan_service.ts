import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import type { ConfigFault, PlaceOf } from "../config/config_fault.ts";
import { scopeOf } from "../core/address_scope.ts";
import { parseEndpoint } from "../core/endpoint.ts";
import type { Secret } from "../core/secret.ts";
import { type PlacedTunnel, refuseConflicts, refuseStatusPort } from "./find_conflicts.ts";
import { planConfiguredTunnel } from "./plan_configured_tunnel.ts";
import { planHooks } from "./plan_hooks.ts";
import { secretAt } from "./publish/publish_planning.ts";
import { Refusals } from "./refusals.ts";
import type { ServicePlan, StatusPlan } from "./service_plan.ts";
import type { TunnelDefaults } from "./tunnel_defaults.ts";

/** Options for {@linkcode planService}. */
export interface PlanServiceOptions {
  /** Built-in servers, for what the user did not name. */
  readonly defaults: TunnelDefaults;
  /** The secret behind a text of the configuration; `undefined` if it could not be read, which is refused. */
  readonly secretOf: (text: string) => Secret | undefined;
  /** Absolute; relative paths start here: the folder of the configuration file. */
  readonly baseDirectory: string;
  /** Where something stands in the file. @default line 1, column 1 for everything */
  readonly placeOf?: PlaceOf;
}

/** What {@linkcode planService} gives; there is at least one fault, in the order of the file. */
export type ServicePlanning =
  | { readonly kind: "plan"; readonly plan: ServicePlan }
  | { readonly kind: "faults"; readonly faults: readonly ConfigFault[] };

/**
 * Plans everything that a configuration asks for; tunnels that are not enabled are left out. What contradicts itself
 * or cannot run side by side is refused, all of it at once. Pure.
 *
 * @param config As `parseConfig` gives it.
 * @throws {SyntaxError} If a text in it was never checked.
 */
export function planService(config: Config, options: PlanServiceOptions): ServicePlanning {
  const { baseDirectory, placeOf = (): { line: number; column: number } => ({ line: 1, column: 1 }) } =
    options;
  const refusals = new Refusals(placeOf);
  const hooks = planHooks(config.hooks, baseDirectory);
  const tunnels = config.tunnels.flatMap((tunnel, i): readonly PlacedTunnel[] => {
    if (tunnel.enabled === false) return [];
    const path = ["tunnels", i];
    const planned = planConfiguredTunnel(tunnel, { ...options, config, path, hooks, refusals });
    return [{ ...planned, path, isNamed: tunnel.name !== undefined }];
  });
  refuseConflicts(tunnels, refusals);
  const status = planStatus(config, { ...options, tunnels, refusals });
  const { state } = config;
  const plan: ServicePlan = {
    tunnels: tunnels.map((placed) => placed.plan),
    status,
    state: state && {
      directory: resolve(baseDirectory, state.directory),
      announcesAtStart: state.announceAtStart ?? false,
    },
  };
  const { faults } = refusals;
  return faults.length === 0 ? { kind: "plan", plan } : { kind: "faults", faults };
}

interface PlanStatusOptions extends PlanServiceOptions {
  readonly tunnels: readonly PlacedTunnel[];
  readonly refusals: Refusals;
}

function planStatus({ status = {} }: Config, options: PlanStatusOptions): StatusPlan {
  const { baseDirectory, refusals } = options;
  const file = typeof status.file === "string" ? { path: status.file } : status.file;
  const listen = status.listen === undefined ? undefined : parseEndpoint(status.listen);
  const token = status.token === undefined ? undefined : secretAt(["status", "token"], status.token, options);
  if (listen !== undefined) {
    refuseStatusPort(listen, options);
    // Who can reach the page sees who comes and where everything is.
    if (status.token === undefined && scopeOf(listen.address) !== "loopback") {
      refusals.refuse(["status", "listen"], "is not a loopback address; set status.token as well");
    }
  }
  return {
    file: file && { path: resolve(baseDirectory, file.path), format: file.format ?? "porthole" },
    socket: status.socket === undefined ? undefined : resolve(baseDirectory, status.socket),
    listen,
    token,
  };
}
