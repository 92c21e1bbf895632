import type { Family } from "../core/endpoint.ts";
import type { Platform } from "../core/platform.ts";
import type { Protocol } from "../core/mapping.ts";
import { DEFAULT_STUN_TCP, DEFAULT_STUN_UDP } from "../stun/default_servers.ts";
import { requestBinding } from "../stun/request_binding.ts";
import type { StunArgs } from "./command_args.ts";
import { outcomeToJson, type StunOutcome, type StunQuestion, StunTable } from "./stun_report.ts";
import { type Session, withPlatform } from "./session.ts";
import { UsageError } from "./usage_error.ts";

/** Servers asked at a time: the built-in lists are done in seconds, and nobody is flooded. */
const CONCURRENCY = 8;
/** UDP: three requests at 0, 0.5 and 1.5 s. */
const UDP_SENDS = 3;
const TIMEOUT_MS = 4000;

/**
 * `porthole stun`: asks each server and prints what it saw, in the order of the question.
 *
 * @returns 0 if any server answered, else 1.
 */
export function runStun(args: StunArgs, session: Session): Promise<number> {
  const { texts, isJson, output, log, signal } = session;
  if (args.ipv4 && args.ipv6) throw new UsageError(texts.usage.exclusive("-4", "-6"));
  const questions = questionsOf(args);
  const table = new StunTable(questions, texts);
  return withPlatform(session, async (platform) => {
    if (!isJson) output.line(table.header);
    const pending = askAll(questions, { platform, family: args.ipv6 ? 6 : 4, signal });
    let answered = 0;
    for (const answer of pending) {
      const outcome = await answer;
      if (outcome === undefined) continue;
      if (isJson) output.json(outcomeToJson(outcome));
      else output.line(table.row(outcome));
      if ("result" in outcome) answered++;
    }
    if (answered === 0 && !signal.aborted) log.error(texts.stun.noneAnswered);
    return answered === 0 ? 1 : 0;
  });
}

function questionsOf({ hosts, tcp, udp }: StunArgs): readonly StunQuestion[] {
  const isBoth = tcp === udp;
  const ask = (protocol: Protocol, defaults: StunArgs["hosts"]): readonly StunQuestion[] =>
    isBoth || (protocol === "tcp" ? tcp : udp)
      ? (hosts.length === 0 ? defaults : hosts).map((server) => ({ server, protocol }))
      : [];
  const questions = [...ask("udp", DEFAULT_STUN_UDP), ...ask("tcp", DEFAULT_STUN_TCP)];
  return hosts.length === 0
    ? questions
    : questions.toSorted((a, b) => hosts.indexOf(a.server) - hosts.indexOf(b.server));
}

interface AskOptions {
  readonly platform: Platform;
  readonly family: Family;
  readonly signal: AbortSignal;
}

/** Starts all, some at a time; `undefined` stands for what the signal cut off. */
function askAll(
  questions: readonly StunQuestion[],
  options: AskOptions,
): readonly Promise<StunOutcome | undefined>[] {
  const answers = questions.map(() => Promise.withResolvers<StunOutcome | undefined>());
  const queue = questions.entries();
  async function work(): Promise<void> {
    for (const [i, question] of queue) answers[i]?.resolve(await askOne(question, options));
  }
  for (let i = 0; i < CONCURRENCY; i++) void work();
  return answers.map(({ promise }) => promise);
}

/** Never rejects. */
async function askOne(question: StunQuestion, options: AskOptions): Promise<StunOutcome | undefined> {
  const { platform, family, signal } = options;
  const { server, protocol } = question;
  try {
    const [address] = await platform.net.resolve(server.host, family, signal);
    if (address === undefined) throw new RangeError(`Cannot resolve ${server.host}: no address`);
    const result = await requestBinding({
      platform,
      protocol,
      server: { address, port: server.port },
      maxSends: UDP_SENDS,
      timeoutMs: TIMEOUT_MS,
      signal,
    });
    return { ...question, result };
  } catch (error) {
    return signal.aborted ? undefined : { ...question, error };
  }
}
