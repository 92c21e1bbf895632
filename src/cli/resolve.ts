import { formatEndpoint } from "../core/endpoint.ts";
import { findEndpoint } from "../find/find_endpoint.ts";
import type { Found } from "../find/found.ts";
import type { ResolveArgs } from "./find_args.ts";
import { explained, findOptionsOf, questionOf, warnOf } from "./find_session.ts";
import { type HostSession, withPlatform } from "./session.ts";
import { UsageError } from "./usage_error.ts";

/**
 * `porthole resolve`: prints the best endpoint.
 *
 * @returns 0.
 * @throws {UsageError} {@linkcode FindFault}
 */
export function runResolve(args: ResolveArgs, session: HostSession): Promise<number> {
  const { texts, signal, output, isJson } = session;
  if (args.tcp && args.udp) throw new UsageError(texts.usage.exclusive("--tcp", "--udp"));
  const question = questionOf(args, texts, args.udp ? "udp" : args.tcp ? "tcp" : undefined);
  return withPlatform(session, async (platform) => {
    try {
      const found = await findEndpoint(question, { ...findOptionsOf(args, platform), signal });
      if (isJson) output.json(foundToJson(args, found));
      else output.line(formatEndpoint(found.endpoints[0] ?? { address: "", port: 0 }));
      warnOf(found.warnings, session);
      return 0;
    } catch (error) {
      throw explained(error, args, texts);
    }
  });
}

/** The line of `--json`. */
function foundToJson(
  { name, service }: ResolveArgs,
  { endpoints, via, ttlSeconds, evidence, warnings }: Found,
): Readonly<Record<string, unknown>> {
  const [endpoint, ...others] = endpoints.map(formatEndpoint);
  return { name, service, endpoint, others, via, ttlSeconds, evidence, warnings };
}
