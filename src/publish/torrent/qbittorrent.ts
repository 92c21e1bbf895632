import type { Clock } from "../../core/clock.ts";
import { Secret } from "../../core/secret.ts";
import { memberOf, parseAnswer } from "../answer_words.ts";
import { type Fetch, type HttpAnswer, requestHttp, statusError } from "../http_request.ts";
import type { QbittorrentOptions } from "../options.ts";
import { type Publisher, PublishError } from "../publisher.ts";

/** What publishers to BitTorrent clients work with. */
export interface TorrentParts {
  readonly fetch: Fetch;
  readonly clock: Clock;
}

/** Settings hold the list of banned addresses, too. */
const MOST_SETTINGS_BYTES = 4 * 1024 * 1024;
/** `SID`; since 5.2 with the port of the web page in it. */
const SESSION_COOKIE = /^((?:QBT_)?SID(?:_\d+)?=[^;]+)/;
/** 403 without a session; newer ones say 401. */
const UNKNOWN: ReadonlySet<number> = new Set([401, 403]);

/**
 * A publisher that makes the external port the listening port of qBittorrent (Web API 2; 4.1 and later), or the port that
 * it tells trackers (`announce`; 5.1 and later). It signs in only where the server asks for it, reads the setting, writes
 * only where it is another one, reads it back, and signs out. A random port at start is switched off along with it; no
 * other setting is touched.
 */
export function openQbittorrent(options: QbittorrentOptions, parts: TorrentParts): Publisher {
  const { provider } = options;
  return {
    provider,
    async publish({ external: { port } }, signal): Promise<void> {
      const api = new WebApi(options, { ...parts, signal });
      try {
        await setPort(api, port, options.port === "announce" ? "announce_port" : "listen_port");
      } finally {
        if (!signal.aborted) await api.signOut();
      }
    },
  };
}

async function setPort(
  api: WebApi,
  port: number,
  key: "listen_port" | "announce_port",
): Promise<void> {
  const before = await api.settings();
  const current = memberOf(before, key);
  if (typeof current !== "number") throw missingSetting(key);
  const isRandom = key === "listen_port" && memberOf(before, "random_port") === true;
  if (current === port && !isRandom) return;
  await api.change({ [key]: port, ...(isRandom && { random_port: false }) });
  const after = memberOf(await api.settings(), key);
  if (after !== port) throw new PublishError("qbittorrent", `${key} is still ${after}, although it said yes`);
}

function missingSetting(key: string): PublishError {
  const reason = key === "announce_port"
    ? "this version has no announce_port, which came with 5.1"
    : `its settings have no ${key}`;
  return new PublishError("qbittorrent", reason, { isPermanent: true });
}

/** One conversation with the Web API. */
class WebApi {
  readonly #options: QbittorrentOptions;
  readonly #parts: TorrentParts & { readonly signal: AbortSignal };
  readonly #base: string;
  #cookie: string | undefined;

  constructor(options: QbittorrentOptions, parts: TorrentParts & { readonly signal: AbortSignal }) {
    this.#options = options;
    this.#parts = parts;
    this.#base = options.url.replace(/\/+$/, "");
  }

  /** The settings, signed in where that is asked for. */
  async settings(): Promise<unknown> {
    let answer = await this.#request("app/preferences");
    if (UNKNOWN.has(answer.status) && this.#cookie === undefined) {
      await this.#signIn();
      answer = await this.#request("app/preferences");
    }
    this.#checkStatus(answer);
    const settings = parseAnswer(answer.text);
    if (typeof settings === "object" && settings !== null) return settings;
    throw new PublishError("qbittorrent", "the answer is none of qBittorrent's");
  }

  async change(settings: Readonly<Record<string, unknown>>): Promise<void> {
    this.#checkStatus(await this.#request("app/setPreferences", { json: JSON.stringify(settings) }));
  }

  async signOut(): Promise<void> {
    if (this.#cookie === undefined) return;
    try {
      await this.#request("auth/logout", {});
    } catch {
      // The session ends by itself; what was to be done is done, or its own error says why not.
    }
  }

  async #signIn(): Promise<void> {
    const { user, password } = this.#options;
    if (user === undefined) throw refused("it asks for a user and a password");
    const answer = await this.#request("auth/login", {
      username: user,
      password: password?.reveal() ?? "",
    });
    const { status, headers, text } = answer;
    if (status === 403) throw refused("it refuses this address after too many wrong passwords");
    if (status === 401) throw refused("wrong user or password, or it does not go by this host name");
    this.#checkStatus(answer);
    if (text?.trim() === "Fails.") throw refused("wrong user or password");
    for (const cookie of headers.getSetCookie()) {
      this.#cookie ??= SESSION_COOKIE.exec(cookie)?.[1];
    }
    if (this.#cookie === undefined) throw new PublishError("qbittorrent", "it signed in without a session");
  }

  #checkStatus(answer: HttpAnswer): void {
    if (answer.status < 300) return;
    throw statusError("qbittorrent", answer, { now: this.#parts.clock.date() });
  }

  #request(path: string, form?: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    const isChange = form !== undefined;
    return requestHttp({
      ...this.#parts,
      provider: "qbittorrent",
      method: isChange ? "POST" : "GET",
      url: new Secret(`${this.#base}/api/v2/${path}`),
      headers: {
        // Against requests forged by web pages it wants to see its own address.
        referer: `${this.#base}/`,
        ...(isChange && { "content-type": "application/x-www-form-urlencoded" }),
        ...(this.#cookie !== undefined && { cookie: this.#cookie }),
      },
      ...(isChange && { body: new URLSearchParams(form).toString() }),
      accepts: (status) => status < 300 || UNKNOWN.has(status),
      mostBytes: MOST_SETTINGS_BYTES,
    });
  }
}

function refused(reason: string): PublishError {
  return new PublishError("qbittorrent", reason, { isPermanent: true });
}
