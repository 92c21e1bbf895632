import config from "../../deno.json" with { type: "json" };
import type { Clock } from "../core/clock.ts";
import { canonicalAddress } from "../core/endpoint.ts";
import { Secret } from "../core/secret.ts";
import { answerWords } from "./answer_words.ts";
import { basicAuth } from "./basic_auth.ts";
import { type Fetch, type HttpAnswer, requestHttp, statusError } from "./http_request.ts";
import type { Dyndns2Options } from "./options.ts";
import { type Publisher, PublishError } from "./publisher.ts";
import { escapeUrl, fillTemplate } from "./template.ts";

/** What a {@linkcode openDyndns2} works with. */
export interface Dyndns2Parts {
  readonly fetch: Fetch;
  readonly clock: Clock;
}

/** What a code says, for people. */
interface Refusal {
  readonly words: string;
  /** @default {true} */
  readonly isPermanent?: boolean;
  readonly retryAfterMs?: number;
}

/** Hosters block programs that do not tell who they are. */
const USER_AGENT = `porthole/${config.version}`;
/** The address is there; `ok` is DuckDNS. */
const TAKEN: ReadonlySet<string> = new Set(["good", "nochg", "ok"]);
/** By the return codes of the protocol (help.dyn.com/return-codes) and of those who speak it. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  "badauth": { words: "wrong user or password" },
  "!donator": { words: "it takes a paid account" },
  "!yours": { words: "a host belongs to somebody else" },
  "notfqdn": { words: "a host is no whole name" },
  "nohost": { words: "a host does not exist in this account" },
  "numhost": { words: "too many hosts in one request" },
  "abuse": { words: "a host is blocked for too many updates" },
  "badagent": { words: "it does not serve this program" },
  "badsys": { words: "the URL asks for another kind of service" },
  "badparam": { words: "the URL has a parameter that it does not take" },
  "ko": { words: "wrong token or host" },
  "dnserr": { words: "its name servers fail", isPermanent: false },
  // The protocol forbids to come back sooner.
  "911": { words: "it is out of order", isPermanent: false, retryAfterMs: 1_800_000 },
};

/**
 * A publisher of addresses by the URL protocol of many hosters of dynamic names: one GET for all hosts, with basic
 * authentication. Without `{hosts}` or `{ip}` in the URL, `hostname=…&myip=…` is added to it. Nothing is sent where only
 * the port changed: hosters block who repeats himself.
 */
export function openDyndns2(options: Dyndns2Options, { fetch, clock }: Dyndns2Parts): Publisher {
  const { provider, user, password, hosts } = options;
  let told: string | undefined;
  return {
    provider,
    async publish({ external: { address } }, signal): Promise<void> {
      if (address === told) return;
      // Nobody knows whether a request that failed arrived.
      told = undefined;
      const answer = await requestHttp({
        ...{ fetch, clock, provider, signal },
        url: urlFor(address, options),
        headers: { "user-agent": USER_AGENT, ...basicAuth(user, password) },
        followsRedirects: true,
        // Some put the status of HTTP beside their code.
        accepts: (status) => status < 300 || status >= 400,
      });
      checkAnswer(answer, { address, count: hosts.length, now: clock.date() });
      told = address;
    },
  };
}

function urlFor(address: string, { url, hosts }: Dyndns2Options): Secret {
  const text = url.reveal();
  // Commas stay: servers differ in whether they decode them.
  const values = { hosts: hosts.map(escapeUrl).join(","), ip: escapeUrl(address) };
  if (/\{(hosts|ip)\}/.test(text)) return new Secret(fillTemplate(text, values));
  const [bare = ""] = text.split("#", 1);
  const separator = !bare.includes("?") ? "?" : /[?&]$/.test(bare) ? "" : "&";
  return new Secret(`${bare}${separator}hostname=${values.hosts}&myip=${values.ip}`);
}

function checkAnswer(
  answer: HttpAnswer,
  { address, count, now }: { readonly address: string; readonly count: number; readonly now: Date },
): void {
  const { status, text } = answer;
  if (text === undefined) throw new PublishError("dyndns2", "the answer is too long");
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
  for (const line of lines) {
    const refusal = refusalIn(line);
    if (refusal !== undefined) throw refusal;
  }
  if (status >= 400) throw statusError("dyndns2", answer, { now });
  for (const line of lines) checkLine(line, address);
  if (lines.length === 0) throw new PublishError("dyndns2", "the answer is empty");
  // Some tell once for all; else there is a line for each.
  if (lines.length > 1 && lines.length < count) {
    throw new PublishError("dyndns2", `it answered for ${lines.length} of ${count} hosts`);
  }
}

function codeOf(line: string): string {
  return (line.split(/[\s:,;]/, 1)[0] ?? "").toLowerCase();
}

function refusalIn(line: string): PublishError | undefined {
  const code = codeOf(line);
  const refusal = Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined;
  if (refusal === undefined) return undefined;
  const { words, isPermanent = true, retryAfterMs } = refusal;
  return new PublishError("dyndns2", `${code}: ${words}`, { isPermanent, retryAfterMs });
}

function checkLine(line: string, address: string): void {
  const code = codeOf(line);
  if (!TAKEN.has(code)) {
    // A word is a code; what is longer (a page of HTML) says nothing here.
    const word = /^[!\w-]{1,20}$/.test(code) ? answerWords(code) : undefined;
    throw new PublishError("dyndns2", `unknown answer${word === undefined ? "" : ` "${word}"`}`);
  }
  // `good 127.0.0.1` is how some say that they did not believe us.
  const seen = line.split(/[\s,;]+/).map(canonicalAddress).filter((one) => one !== undefined);
  if (seen.length === 0 || seen.includes(address)) return;
  throw new PublishError("dyndns2", `it took ${seen.join(" and ")} instead of ${address}`, {
    isPermanent: true,
  });
}
