import { scopeOf } from "../core/address_scope.ts";
import { type Endpoint, familyOf } from "../core/endpoint.ts";
import type { Platform } from "../core/platform.ts";
import type { Fetch } from "./ask_http.ts";
import { askPublicCheckers, type AskPublicOptions } from "./ask_public.ts";
import { probeFromOutside, type ReflectorAccess, reflectorUrl } from "./ask_reflector.ts";
import type { Finding, OutsideFinding, ProbeSubject, ReachEvidence } from "./evidence.ts";
import { judgeReach, type ReachJudgement, readSilence } from "./judge_reach.ts";
import { knock, KNOCK_LIMIT_MS } from "./knock.ts";
import { openTokenListener, type Token, type TokenListener } from "./token_listener.ts";

/** Options for {@linkcode checkReach}. */
export interface CheckReachOptions extends ProbeSubject {
  /** Network, clock and randomness. */
  readonly platform: Platform;
  /** Sends HTTP requests. */
  readonly fetch: Fetch;
  /** The service itself, tried from here. @default {not tried} */
  readonly target?: Endpoint | undefined;
  /**
   * Internal endpoint on which a listener of our own waits for tokens meanwhile, so that it is known who came in.
   * @default {none: the port is served by something else}
   */
  readonly listen?: Endpoint | undefined;
  /** Over UDP, a datagram that the service answers. @default {32 random bytes} */
  readonly send?: Uint8Array | undefined;
  /** A reflector to ask. @default {none} */
  readonly reflector?: Pick<ReflectorAccess, "url" | "token"> | undefined;
  /** Asks the public port checkers too; TCP only. @default {none} */
  readonly publicCheckers?: AskPublicOptions["checkers"];
  /** Limit of each attempt in milliseconds; from here 3 s are enough in any case. @default {5000} */
  readonly limitMs?: number | undefined;
  /** Ends the check. */
  readonly signal: AbortSignal;
}

/** Through the carrier and back: more than a round trip to anybody nearby, and most NATs never answer. */
const HERE_LIMIT_MS = 3_000;

/** What {@linkcode checkReach} gives. */
export interface ReachReport extends ProbeSubject {
  /** What was seen. */
  readonly evidence: ReachEvidence;
  /** What follows. */
  readonly judgement: ReachJudgement;
}

/**
 * Finds out whether anybody gets in at an external endpoint, in every way that is open to us, all at once: from here
 * (hairpinning), from a reflector, and from public port checkers.
 *
 * @throws {TypeError} If the URL or the token of the reflector cannot be used.
 * @throws {Error} With the kernel's `code` if the listener cannot be opened.
 * @throws `signal.reason`, unchanged, if aborted; nothing is left open.
 */
export async function checkReach(options: CheckReachOptions): Promise<ReachReport> {
  const { endpoint, protocol, platform, listen, reflector, signal } = options;
  if (reflector !== undefined) reflectorUrl(reflector.url);
  signal.throwIfAborted();
  using stack = new DisposableStack();
  const listener = listen && stack.use(await openTokenListener({ platform, protocol, local: listen }));
  const results = await Promise.allSettled([
    lookFromHere(options, listener),
    lookFromReflector(options, listener),
    lookFromPublic(options),
  ]);
  signal.throwIfAborted();
  const [here, asked, checked] = results;
  const { target, hairpin } = valueOf(here);
  const outside = [...valueOf(asked), ...valueOf(checked)];
  const evidence = readSilence({ target, hairpin, outside });
  return { endpoint, protocol, evidence, judgement: judgeReach(evidence) };
}

function valueOf<T>(result: PromiseSettledResult<T>): T {
  if (result.status === "rejected") throw result.reason;
  return result.value;
}

type Inside = Pick<ReachEvidence, "target" | "hairpin">;

async function lookFromHere(
  options: CheckReachOptions,
  listener: TokenListener | undefined,
): Promise<Inside> {
  const { endpoint, protocol, platform, target, send, limitMs = KNOCK_LIMIT_MS, signal } = options;
  const shared = { platform, protocol, limitMs: Math.min(limitMs, HERE_LIMIT_MS), signal };
  const token = listener?.issue();
  const knocks = token === undefined
    ? { ...shared, send }
    : { ...shared, send: token.send, expect: token.reply };
  const [isOwn, through, inside] = await Promise.all([
    isOwnAddress(endpoint, platform),
    knock(endpoint, knocks),
    target === undefined ? undefined : knock(target, { ...shared, send }),
  ]);
  const here = withToken(through, token);
  const listening: Finding | undefined = listener && { state: "yes", reason: "listening" };
  if (!isOwn) return { target: listening ?? inside, hairpin: here };
  // Nothing was in between: it is the service itself that was tried.
  return { target: listening ?? inside ?? here, hairpin: { state: "unknown", reason: "own-address" } };
}

/** Whether no NAT is between this host and the endpoint. */
async function isOwnAddress({ address, port }: Endpoint, { net }: Platform): Promise<boolean> {
  if (scopeOf(address) === "loopback") return true;
  try {
    return await net.localAddressTowards({ address, port }) === address;
  } catch {
    // Without a route it is not ours either; the attempt itself tells what is wrong.
    return false;
  }
}

async function lookFromReflector(
  options: CheckReachOptions,
  listener: TokenListener | undefined,
): Promise<readonly OutsideFinding[]> {
  const { endpoint, protocol, platform, fetch, reflector, limitMs, signal } = options;
  if (reflector === undefined) return [];
  const { clock } = platform;
  const token = listener?.issue();
  const finding = await probeFromOutside(endpoint, {
    ...{ ...reflector, fetch, clock, protocol, limitMs, signal },
    send: token?.send ?? (protocol === "udp" ? options.send : undefined),
    expect: token?.reply,
  });
  const seen = withToken(finding, token);
  const { fromAskedAddress } = finding;
  if (token?.from === undefined || fromAskedAddress !== false) return [{ ...finding, ...seen }];
  // The reflector's own word is not enough where we saw who came.
  const isAsked = (await addressesOf(reflector.url, options)).includes(token.from.address);
  return [{ ...finding, ...seen, fromAskedAddress: isAsked }];
}

/** Addresses of the reflector, as far as the system's resolver knows. */
async function addressesOf(
  url: string,
  { endpoint, platform: { net }, signal }: CheckReachOptions,
): Promise<readonly string[]> {
  const host = reflectorUrl(url).hostname.replace(/^\[(.*)\]$/, "$1");
  try {
    return await net.resolve(host, familyOf(endpoint.address), signal);
  } catch {
    // A proxy may have resolved it; then there is nothing to compare with.
    return [];
  }
}

async function lookFromPublic(options: CheckReachOptions): Promise<readonly OutsideFinding[]> {
  const { endpoint, protocol, platform: { clock }, fetch, publicCheckers: checkers, signal } = options;
  if (protocol === "udp" || checkers === undefined) return [];
  return await askPublicCheckers(endpoint, { fetch, clock, checkers, signal });
}

/** What our own listener saw counts more than what the other side says. */
function withToken(finding: Finding, token: Token | undefined): Finding {
  if (token === undefined) return finding;
  const { ms } = finding;
  if (token.from !== undefined) return { state: "yes", reason: "token", ms, from: token.from };
  return finding.state === "yes" ? { state: "unknown", reason: "other", ms, from: finding.from } : finding;
}
