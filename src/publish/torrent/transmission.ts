import { Secret } from "../../core/secret.ts";
import { answerWords, memberOf, parseAnswer } from "../answer_words.ts";
import { basicAuth } from "../basic_auth.ts";
import { type HttpAnswer, requestHttp, statusError } from "../http_request.ts";
import type { TransmissionOptions } from "../options.ts";
import { type Publisher, PublishError } from "../publisher.ts";
import type { TorrentParts } from "./qbittorrent.ts";

/** How the two dialects call things. */
interface Dialect {
  readonly get: string;
  readonly set: string;
  readonly port: string;
  readonly random: string;
  readonly request: (method: string, values: Readonly<Record<string, unknown>>) => unknown;
  /** What came back, or why nothing did. */
  readonly result: (answer: unknown) => { readonly values: unknown } | { readonly refusal: unknown };
}

/** Every version up to 4; 4.1 takes both (rpc-spec.md of 4.0). */
const OLD: Dialect = {
  get: "session-get",
  set: "session-set",
  port: "peer-port",
  random: "peer-port-random-on-start",
  request: (method, values) => ({ method, arguments: values }),
  result: (answer) =>
    memberOf(answer, "result") === "success"
      ? { values: memberOf(answer, "arguments") }
      : { refusal: memberOf(answer, "result") },
};
/** Since 4.1, whose protocol calls itself 6.0.0 (rpc-spec.md of 4.1). */
const JSON_RPC: Dialect = {
  get: "session_get",
  set: "session_set",
  port: "peer_port",
  random: "peer_port_random_on_start",
  request: (method, values) => ({ jsonrpc: "2.0", method, params: values, id: 1 }),
  result: (answer) => {
    const values = memberOf(answer, "result");
    return values === undefined ? { refusal: memberOf(memberOf(answer, "error"), "message") } : { values };
  },
};

const FIRST_JSON_RPC = 6;
/** The default of Transmission, where the address has no path. */
const DEFAULT_PATH = "/transmission/rpc";
/** A session ID ends with the server's next restart, or after an hour; twice in a row is somebody else's joke. */
const MOST_SESSIONS = 3;

/** What it means that it says no. */
const REFUSALS: Readonly<Record<number, string>> = {
  403: "it does not let this address in (rpc-whitelist)",
  421: "it does not go by this host name (rpc-host-whitelist)",
};

/**
 * A publisher that makes the external port the peer port of Transmission. It reads the setting, writes only where it is
 * another one, and reads it back. A random port at start is switched off along with it; no other setting is touched.
 */
export function openTransmission(options: TransmissionOptions, parts: TorrentParts): Publisher {
  const { provider } = options;
  const rpc = new SessionRpc(options, parts);
  return {
    provider,
    async publish({ external: { port } }, signal): Promise<void> {
      const before = await rpc.read(signal);
      if (before.port === port && !before.isRandom) return;
      await rpc.write(port, signal);
      const after = await rpc.read(signal);
      if (after.port !== port) {
        throw new PublishError(provider, `the peer port is still ${after.port}, although it said yes`);
      }
    },
  };
}

/** The session part of Transmission's RPC; remembers the session ID that it was given. */
class SessionRpc {
  readonly #options: TransmissionOptions;
  readonly #parts: TorrentParts;
  readonly #url: Secret;
  #sessionId: string | undefined;
  #dialect: Dialect = OLD;

  constructor(options: TransmissionOptions, parts: TorrentParts) {
    this.#options = options;
    this.#parts = parts;
    const base = options.url.replace(/\/+$/, "");
    this.#url = new Secret(/^https?:\/\/[^/]+$/i.test(base) ? `${base}${DEFAULT_PATH}` : base);
  }

  /** The port it listens on, and whether it takes another one at its next start. */
  async read(signal: AbortSignal): Promise<{ readonly port: number; readonly isRandom: boolean }> {
    const values = await this.#call(({ get, port, random }) => [get, { fields: [port, random] }], signal);
    const port = memberOf(values, this.#dialect.port);
    if (typeof port !== "number") throw new PublishError("transmission", "its settings have no peer port");
    return { port, isRandom: memberOf(values, this.#dialect.random) === true };
  }

  async write(value: number, signal: AbortSignal): Promise<void> {
    await this.#call(({ set, port, random }) => [set, { [port]: value, [random]: false }], signal);
  }

  async #call(
    ask: (dialect: Dialect) => readonly [method: string, values: Readonly<Record<string, unknown>>],
    signal: AbortSignal,
  ): Promise<unknown> {
    for (let attempt = 0; attempt < MOST_SESSIONS; attempt++) {
      // Which dialect it is shows with the session ID.
      const dialect = this.#dialect;
      const answer = await this.#post(dialect.request(...ask(dialect)), signal);
      if (answer.status === 409) {
        this.#takeSession(answer);
        continue;
      }
      this.#checkStatus(answer);
      const result = dialect.result(parseAnswer(answer.text));
      if ("values" in result) return result.values;
      const words = answerWords(result.refusal, [this.#options.password]);
      throw new PublishError("transmission", words ?? "the answer is none of Transmission's");
    }
    throw new PublishError("transmission", "it takes none of the session IDs that it gives");
  }

  #takeSession({ headers }: HttpAnswer): void {
    const id = headers.get("x-transmission-session-id");
    if (id === null) throw new PublishError("transmission", "status 409 without a session ID");
    this.#sessionId = id;
    const version = Number.parseInt(headers.get("x-transmission-rpc-version") ?? "", 10);
    this.#dialect = version >= FIRST_JSON_RPC ? JSON_RPC : OLD;
  }

  #checkStatus(answer: HttpAnswer): void {
    const { status } = answer;
    if (status < 300) return;
    const { user } = this.#options;
    const unknown = user === undefined ? "it asks for a user and a password" : "wrong user or password";
    const reason = status === 401 ? unknown : REFUSALS[status];
    if (reason !== undefined) throw new PublishError("transmission", reason, { isPermanent: true });
    throw statusError("transmission", answer, { now: this.#parts.clock.date() });
  }

  #post(request: unknown, signal: AbortSignal): Promise<HttpAnswer> {
    const { user, password } = this.#options;
    return requestHttp({
      ...this.#parts,
      provider: "transmission",
      method: "POST",
      url: this.#url,
      headers: {
        "content-type": "application/json",
        ...basicAuth(user, password),
        ...(this.#sessionId !== undefined && { "x-transmission-session-id": this.#sessionId }),
      },
      body: JSON.stringify(request),
      accepts: (status) => status < 300 || status === 409 || status === 401 || status in REFUSALS,
      signal,
    });
  }
}
