import type { Nat1Type } from "../../../config/import/nat1_config.ts";
import { openDeadline } from "../../../core/deadline.ts";
import { type Endpoint, familyOf } from "../../../core/endpoint.ts";
import { TimeoutError } from "../../../core/errors.ts";
import type { Platform } from "../../../core/platform.ts";
import { queryBedrock } from "../../../minecraft/query_bedrock.ts";
import { queryJava } from "../../../minecraft/query_java.ts";
import { toPythonJson } from "./python_json.ts";

/** What a look at a server showed: its status as one line, or why there is none. */
export type ServerProbe =
  | { readonly kind: "online"; readonly text: string }
  | { readonly kind: "offline"; readonly reason: string };

/** Looks at a server. @throws `signal.reason`, unchanged, if aborted. */
export type ProbeServer = (endpoint: Endpoint, signal: AbortSignal) => Promise<ServerProbe>;

const CONNECT_LIMIT_MS = 5_000;

/** How a server of this type is looked at: Java status, Bedrock ping, or whether it takes a connection. */
export function serverProbeOf(type: Nat1Type, platform: Pick<Platform, "net" | "clock">): ProbeServer {
  if (type !== "mcje" && type !== "mcbe") return (endpoint, signal) => connect(endpoint, platform, signal);
  const query = type === "mcje" ? queryJava : queryBedrock;
  return async ({ address, port }, signal) => {
    const server = { host: address, port };
    const result = await query({ platform, server, family: familyOf(address), signal });
    return result.kind === "online" ? { kind: "online", text: toPythonJson(result.status) } : result;
  };
}

async function connect(
  remote: Endpoint,
  { net, clock }: Pick<Platform, "net" | "clock">,
  signal: AbortSignal,
): Promise<ServerProbe> {
  using deadline = openDeadline(CONNECT_LIMIT_MS, { clock, signal });
  try {
    using _connection = await net.connectStream({
      remote,
      signal: deadline.signal,
      onData: () => {},
      onEnd: () => {},
    });
    return { kind: "online", text: "port available confirm." };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    return { kind: "offline", reason: error instanceof TimeoutError ? "timeout" : "connect fail" };
  }
}
