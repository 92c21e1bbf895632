import { untilAborted } from "../core/aborting.ts";
import { scopeOf } from "../core/address_scope.ts";
import type { Clock } from "../core/clock.ts";
import { type Endpoint, formatEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { Protocol } from "../core/mapping.ts";
import { openAccess } from "../find/access/open_access.ts";
import type { FindQuestion, Found } from "../find/found.ts";
import { subjectOf } from "../find/reach.ts";
import { localTime } from "./event_line.ts";
import type { AccessArgs } from "./find_args.ts";
import { explained, findOptionsOf, questionOf, warnOf } from "./find_session.ts";
import { type HostSession, withPlatform } from "./session.ts";
import { UsageError } from "./usage_error.ts";

/**
 * `porthole access`: serves until the session's signal.
 *
 * @returns 0.
 * @throws {UsageError} Before anything is opened.
 * @throws {Error} With the kernel's code if the port cannot be bound.
 */
export function runAccess(args: AccessArgs, session: HostSession): Promise<number> {
  const { texts, signal } = session;
  const listen = listenOf(args, session);
  const questions = protocolsOf(args).map((protocol) => questionOf(args, texts, protocol));
  return withPlatform(session, async (platform) => {
    const find = findOptionsOf(args, platform);
    await using stack = new AsyncDisposableStack();
    let local = listen;
    for (const [i, question] of questions.entries()) {
      const protocol = question.service?.protocol ?? protocolsOf(args)[i] ?? "tcp";
      const lines = new AccessLines(session, { clock: platform.clock, question, protocol, args });
      const access = stack.use(
        await openAccess(question, {
          ...{ platform, find, protocol, listen: local, timeoutMs: args.timeoutMs },
          onFound: (found, previous) => lines.found(found, previous),
          onTrouble: (error) => lines.trouble(error),
        }),
      );
      // TCP and UDP of one service share the number, also where any was asked for.
      local = access.listen;
      lines.listening(local);
    }
    await untilAborted(signal);
    return 0;
  });
}

/** What the flags say; `undefined` leaves it to the service. */
function protocolsOf({ tcp, udp }: AccessArgs): readonly (Protocol | undefined)[] {
  if (!tcp && !udp) return [undefined];
  return [...(tcp ? ["tcp" as const] : []), ...(udp ? ["udp" as const] : [])];
}

function listenOf({ listen, public: isPublic }: AccessArgs, { texts }: HostSession): Endpoint {
  const { usage } = texts.find;
  if (listen === undefined) throw new UsageError(usage.missingListen);
  if (!isPublic && scopeOf(listen.address) !== "loopback") {
    throw new UsageError(usage.notLoopback(formatEndpoint(listen)));
  }
  return listen;
}

/** What the lines are about. */
interface AccessSubject {
  readonly clock: Clock;
  readonly question: FindQuestion;
  readonly protocol: Protocol;
  readonly args: AccessArgs;
}

/** What `access` prints: JSON for programs, a line for people. */
class AccessLines {
  readonly #session: HostSession;
  readonly #about: AccessSubject;

  constructor(session: HostSession, about: AccessSubject) {
    this.#session = session;
    this.#about = about;
  }

  /** The port is open. */
  listening(listen: Endpoint): void {
    const at = formatEndpoint(listen);
    const line = this.#session.texts.find.line.listening(at, subjectOf(this.#about.question));
    this.#say("listening", { listen: at }, line);
  }

  /** It was found, or moved. */
  found({ endpoints, via, ttlSeconds, warnings }: Found, previous: Endpoint | undefined): void {
    const { line, ways } = this.#session.texts.find;
    const endpoint = formatEndpoint(endpoints[0] ?? { address: "", port: 0 });
    const before = previous && formatEndpoint(previous);
    const words = before === undefined ? line.found(endpoint, ways[via]) : line.moved(before, endpoint);
    this.#say(
      before === undefined ? "found" : "moved",
      { endpoint, previous: before, via, ttlSeconds },
      words,
    );
    warnOf(warnings, this.#session);
  }

  /** It cannot be found; the last endpoint stays in use. */
  trouble(error: unknown): void {
    const { texts } = this.#session;
    const reason = errorMessage(explained(error, this.#about.args, texts));
    this.#say("not-found", { reason }, texts.find.line.notFound(reason));
  }

  #say(event: string, fields: Readonly<Record<string, unknown>>, words: string): void {
    const { isJson, output } = this.#session;
    const { clock, protocol, question } = this.#about;
    const at = clock.date();
    if (isJson) {
      return output.json({ event, name: question.name, protocol, ...fields, at: at.toISOString() });
    }
    output.line([localTime(at), protocol, words].join("  "));
  }
}
