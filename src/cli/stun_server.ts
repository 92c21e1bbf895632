import { untilAborted } from "../core/aborting.ts";
import { scopeOf } from "../core/address_scope.ts";
import { type Endpoint, familyOf, formatEndpoint } from "../core/endpoint.ts";
import { openStunServer } from "../stun/stun_server.ts";
import type { Texts } from "../text/texts.ts";
import type { StunServerArgs } from "./command_args.ts";
import { type Session, withPlatform } from "./session.ts";
import { UsageError } from "./usage_error.ts";

/** The port that IANA gave STUN, on every IPv4 address. */
const DEFAULT_LISTEN: Endpoint = { address: "0.0.0.0", port: 3478 };

/**
 * `porthole stun-server`: serves until the session's signal.
 *
 * @throws {UsageError} Before anything is opened.
 * @throws {Error} With the kernel's code if an endpoint cannot be bound; nothing stays open.
 */
export async function runStunServer(args: StunServerArgs, session: Session): Promise<void> {
  const { texts, isJson, output, log, signal } = session;
  const listens = args.listen.length === 0 ? [DEFAULT_LISTEN] : args.listen;
  const alternate = alternateOf(args, listens, texts);
  await withPlatform(session, async ({ net, clock }) => {
    await using servers = new AsyncDisposableStack();
    for (const listen of listens) {
      const server = servers.use(await openStunServer({ net, log, listen, alternate, clock }));
      if (isJson) {
        output.json({
          event: "listening",
          listen: formatEndpoint(server.listen),
          alternate: server.alternate && formatEndpoint(server.alternate),
          at: clock.date().toISOString(),
        });
      } else {
        output.line(texts.stun.listening(formatEndpoint(server.listen)));
        if (server.alternate) output.line(texts.stun.alternate(formatEndpoint(server.alternate)));
      }
    }
    await untilAborted(signal);
  });
}

/** The alternate endpoint, checked; its port is one above the primary one unless given. */
function alternateOf(
  { alternate }: StunServerArgs,
  listens: readonly Endpoint[],
  texts: Texts,
): Endpoint | undefined {
  const { usage } = texts;
  const [listen] = listens;
  if (alternate === undefined || listen === undefined) return undefined;
  if (listens.length > 1) throw new UsageError(usage.alternateNeedsOne);
  if (scopeOf(listen.address) === "unspecified") {
    throw new UsageError(usage.alternateNeedsAddress(formatEndpoint(listen)));
  }
  const neighbour = listen.port === 0 ? 0 : listen.port === 65535 ? 65534 : listen.port + 1;
  const chosen = alternate.port === 0 ? { ...alternate, port: neighbour } : alternate;
  if (familyOf(alternate.address) !== familyOf(listen.address)) {
    throw new UsageError(usage.alternateFamily(formatEndpoint(chosen)));
  }
  const isSame = chosen.address === listen.address || (chosen.port === listen.port && chosen.port !== 0) ||
    scopeOf(chosen.address) === "unspecified";
  if (isSame) throw new UsageError(usage.alternateSameAddress(formatEndpoint(chosen)));
  return chosen;
}
