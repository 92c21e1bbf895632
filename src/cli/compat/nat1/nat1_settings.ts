import {
  NAT1_DNS_PROVIDERS,
  NAT1_TYPES,
  type Nat1Config,
  type Nat1Type,
  nat1TypeOf,
} from "../../../config/import/nat1_config.ts";
import { NAT1_ADDRESSES, readNat1Address } from "../../../config/import/nat1_address.ts";
import { type Endpoint, formatEndpoint } from "../../../core/endpoint.ts";
import { Secret } from "../../../core/secret.ts";
import { nat1Publishing } from "../../../config/import/nat1_publish.ts";
import { planPublish } from "../../../plan/plan_publish.ts";
import { Refusals } from "../../../plan/refusals.ts";
import type { PublisherOptions } from "../../../publish/options.ts";
import type { Nat1Args } from "./nat1_args.ts";
import { LINES, noSharing, unknownProvider, unknownProxyProtocol, unknownType } from "./nat1_lines.ts";

/** What is to be done, checked. */
export interface Nat1Settings {
  readonly type: Nat1Type;
  readonly local: Endpoint;
  /** Absent: something else serves the port. */
  readonly remote: Endpoint | undefined;
  readonly proxyProtocol: "v1" | "v2" | undefined;
  readonly publisher: PublisherOptions | undefined;
  /** For lines about DNS. */
  readonly recordName: string;
}

/** Settings, or why there are none. */
export type Nat1SettingsReading =
  | {
    readonly kind: "settings";
    readonly settings: Nat1Settings;
    /** What is ignored. */
    readonly warnings: readonly string[];
    /** Found wrong in what is checked after the local address was bound. */
    readonly late: string | undefined;
  }
  | { readonly kind: "refused"; readonly message: string };

/** Joins command line and config.json, in nat1_traversal's order of checks; the command line goes first. Pure. */
export function readNat1Settings(
  args: Pick<Nat1Args, "local" | "remote" | "webhookStyle">,
  config: Nat1Config,
  system: typeof Deno.build.os,
): Nat1SettingsReading {
  if (config.dns !== "no_dns" && config.dns !== "webhook" && !NAT1_DNS_PROVIDERS.includes(config.dns)) {
    return refused(unknownProvider(config.dns));
  }
  const given = readNat1Address(args.local, NAT1_ADDRESSES.local);
  const local = given.kind === "none" ? readNat1Address(config.local, NAT1_ADDRESSES.local) : given;
  if (local.kind === "fault") return refused(local.message);
  const wanted = readNat1Address(args.remote, NAT1_ADDRESSES.remote);
  const remote = wanted.kind === "none" ? readNat1Address(config.remote, NAT1_ADDRESSES.remote) : wanted;
  if (remote.kind === "fault") return refused(remote.message);
  const target = remote.kind === "none" ? undefined : remote.endpoint;
  if (local.kind === "none") return refused(LINES.noLocal);
  if (target === undefined && local.endpoint.port === 0) return refused(LINES.sharedPortZero);
  const type = nat1TypeOf(config.type);
  if (type === undefined) return refused(unknownType(config.type));
  const publishing = publishingOf(
    { ...config, webhookStyle: args.webhookStyle ?? config.webhookStyle },
    type,
  );
  if (publishing.fault !== undefined) return refused(publishing.fault);
  const proxy = proxyOf(config, type);
  const { domain, subDomain } = config;
  const isProxyUseless = target === undefined && proxy.value !== undefined;
  return {
    kind: "settings",
    settings: {
      type,
      local: local.endpoint,
      remote: target,
      proxyProtocol: target === undefined ? undefined : proxy.value,
      publisher: publishing.publisher,
      recordName: subDomain === "" ? domain : `${subDomain}.${domain}`,
    },
    warnings: isProxyUseless ? ["共端口模式忽略proxy_protocol"] : [],
    late: (target === undefined ? sharingFault(type, system) : forwardFault(local.endpoint, target)) ??
      proxy.fault,
  };
}

interface Publishing {
  readonly publisher?: PublisherOptions;
  readonly fault?: string;
}

/** As one entry of `publish` in a configuration of ours would be planned. */
function publishingOf(config: Nat1Config, type: Nat1Type): Publishing {
  const { dns } = config;
  const publishing = nat1Publishing(config, type);
  switch (publishing.kind) {
    case "none":
      return {};
    case "fault":
      if (publishing.key === "dns") return { fault: unknownProvider(dns) };
      if (publishing.key === "id" && dns === "webhook") return { fault: "webhook缺少id（webhook的URL）" };
      return { fault: `${dns}: ${publishing.key}: ${publishing.message}` };
    case "entry": {
      const { protocol } = NAT1_TYPES[type];
      const refusals = new Refusals(() => ({ line: 1, column: 1 }));
      const [placed] = planPublish([publishing.entry], {
        ...{ protocol, path: [dns], baseDirectory: "/", refusals },
        secretOf: (text) => new Secret(text),
      });
      // nat1_traversal posts an empty domain, too: the user's own server knows which it is.
      const fault = refusals.faults.find(({ path }) => !(dns === "webhook" && path.endsWith(".domain")));
      if (fault !== undefined) return { fault: `${fault.path}: ${fault.message}` };
      return placed === undefined ? {} : { publisher: placed.options };
    }
  }
}

function sharingFault(type: Nat1Type, system: typeof Deno.build.os): string | undefined {
  if (system !== "linux") return noSharing(system === "windows" ? "Windows" : system);
  return type === "udp" ? LINES.udpShared : undefined;
}

/** A certain loop; what depends on the address that the system chooses is found when it runs. */
function forwardFault(local: Endpoint, target: Endpoint): string | undefined {
  const isOwn = target.port !== 0 && target.port === local.port &&
    (target.address === local.address || target.address === "0.0.0.0");
  return isOwn ? `remote不能与local相同：${formatEndpoint(target)}` : undefined;
}

function proxyOf(
  { proxyProtocol: text }: Nat1Config,
  type: Nat1Type,
): { readonly value?: "v1" | "v2"; readonly fault?: string } {
  if (text === undefined || text === "") return {};
  if (text !== "v1" && text !== "v2") return { fault: unknownProxyProtocol(text) };
  return NAT1_TYPES[type].protocol === "udp" ? { fault: "proxy_protocol仅支持TCP转发模式" } : { value: text };
}

function refused(message: string): Nat1SettingsReading {
  return { kind: "refused", message };
}
