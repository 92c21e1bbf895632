import { addressBytes, type Family, type HostPort } from "../../../core/endpoint.ts";
import { errorMessage } from "../../../core/errors.ts";
import type { Logger } from "../../../core/log.ts";
import type { Platform } from "../../../core/platform.ts";
import { DEFAULT_BEDROCK_PORTS } from "../../../minecraft/bedrock_ping.ts";
import { DEFAULT_JAVA_PORT } from "../../../minecraft/java_status.ts";
import { queryBedrock } from "../../../minecraft/query_bedrock.ts";
import { queryJava } from "../../../minecraft/query_java.ts";
import type { QueryResult } from "../../../minecraft/server_status.ts";
import type { Nat1Query } from "./nat1_args.ts";
import { queried } from "./nat1_lines.ts";
import { toPythonJson } from "./python_json.ts";
import { readNat1QueryHost } from "./query_host.ts";

/** SRV records of a name, in the order in which they came; `Deno.resolveDns` gives them. */
export type ResolveSrv = (name: string, signal: AbortSignal) => Promise<readonly SrvRecord[]>;

/** Where a service is. */
export interface SrvRecord {
  readonly target: string;
  readonly port: number;
}

/** Options for {@linkcode runQueries}. */
export interface RunQueriesOptions {
  readonly platform: Pick<Platform, "net" | "clock">;
  readonly log: Logger;
  readonly resolveSrv: ResolveSrv;
  readonly signal: AbortSignal;
}

const SERVICES = { java: "_minecraft._tcp", bedrock: "_minecraft._udp" } as const;
const LOOPBACK: Readonly<Record<Family, string>> = { 4: "127.0.0.1", 6: "::1" };

/**
 * `--query` and its kin: asks each server and logs its status, or that it is offline.
 *
 * @returns 0; 1 if a host is none.
 * @throws `signal.reason`, unchanged, if aborted.
 */
export async function runQueries(queries: readonly Nat1Query[], options: RunQueriesOptions): Promise<number> {
  for (const query of queries) {
    const host = readNat1QueryHost(query.host);
    if (host.kind === "fault") {
      options.log.error(host.message);
      return 1;
    }
    const result = await ask(query, host, options);
    if (result.kind === "online") options.log.info(queried(query.edition, toPythonJson(result.status)));
    else {
      options.log.debug(`${query.edition}: ${result.reason}`, { cause: result.cause });
      options.log.warn(queried(query.edition, undefined));
    }
  }
  return 0;
}

/** IPv6 first, where both will do. */
async function ask(
  { edition, family }: Nat1Query,
  { host, port }: { readonly host: string; readonly port: number | undefined },
  options: RunQueriesOptions,
): Promise<QueryResult> {
  const { platform, signal } = options;
  const isName = host !== "" && addressBytes(host) === undefined;
  const service = isName && port === undefined ? await findService(edition, host, options) : undefined;
  const query = edition === "java" ? queryJava : queryBedrock;
  const families: readonly Family[] = family === "auto" ? [6, 4] : [family];
  let result: QueryResult = { kind: "offline", reason: "DNS query failed" };
  for (const one of families) {
    const usual = edition === "java" ? DEFAULT_JAVA_PORT : DEFAULT_BEDROCK_PORTS[one];
    const server = service ?? { host: host === "" ? LOOPBACK[one] : host, port: port ?? usual };
    result = await query({ platform, server, family: one, signal });
    if (result.kind === "online") return result;
  }
  return result;
}

/** The first record, as nat1_traversal; none where there is none. */
async function findService(
  edition: Nat1Query["edition"],
  host: string,
  { resolveSrv, log, signal }: RunQueriesOptions,
): Promise<HostPort | undefined> {
  try {
    const [first] = await resolveSrv(`${SERVICES[edition]}.${host}`, signal);
    // A lone dot says that there is no such service (RFC 2782); then the name itself is all there is to ask.
    const target = first?.target.replace(/\.$/, "") ?? "";
    return first === undefined || target === "" ? undefined : { host: target, port: first.port };
  } catch (error) {
    signal.throwIfAborted();
    log.debug("no SRV record", { host, reason: errorMessage(error) });
    return undefined;
  }
}
