/** The Web API of qBittorrent, as far as porthole uses it, strict about what the real one is strict about. */
import { type HookServer, openHookServer, type SeenRequest } from "../webhook_rig.ts";

/** How it behaves. */
export interface FakeQbittorrentOptions {
  /** Settings at the start. @default {{"listen_port": 6881, "random_port": false}} */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Lets everybody in. @default {false} */
  readonly bypassesAuth?: boolean;
  /** How a wrong password is told: until 5.1 by the text, later by 401. @default {"text"} */
  readonly refusal?: "text" | "status";
  /** As since 5.2: 204, and the port in the name of the cookie. @default {false} */
  readonly isNew?: boolean;
  /** Says yes and changes nothing. @default {false} */
  readonly ignores?: boolean;
  /** Answers every login with 403. @default {false} */
  readonly isBanned?: boolean;
}

/** A running one. */
export interface FakeQbittorrent extends HookServer {
  /** Settings now. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Sessions that were not signed out. */
  readonly sessions: ReadonlySet<string>;
  /** What was asked, as `GET app/preferences`. */
  readonly calls: readonly string[];
}

const FORBIDDEN = (): Response => new Response("Forbidden", { status: 403 });

/** Opens one; user `admin`, password `adminädmin&1`. */
export function openFakeQbittorrent(options: FakeQbittorrentOptions = {}): FakeQbittorrent {
  const { bypassesAuth = false, refusal = "text", isNew = false, ignores = false, isBanned = false } =
    options;
  let settings: Record<string, unknown> = { listen_port: 6881, random_port: false, ...options.settings };
  const sessions = new Set<string>();
  const calls: string[] = [];
  const cookieName = isNew ? "QBT_SID_8080" : "SID";

  const logIn = ({ body }: SeenRequest): Response => {
    if (isBanned) return FORBIDDEN();
    const form = new URLSearchParams(body);
    if (form.get("username") !== "admin" || form.get("password") !== "adminädmin&1") {
      return refusal === "text" ? new Response("Fails.") : new Response("Unauthorized", { status: 401 });
    }
    const id = `${sessions.size}/+${crypto.randomUUID()}`;
    sessions.add(id);
    const headers = new Headers({ "set-cookie": `${cookieName}=${id}; HttpOnly; SameSite=Strict; path=/` });
    headers.append("set-cookie", "other=1");
    return isNew ? new Response(null, { status: 204, headers }) : new Response("Ok.", { headers });
  };

  const answer = (request: SeenRequest): Response => {
    const { method, path, headers, body } = request;
    calls.push(`${method} ${path.replace("/qb/api/v2/", "")}`);
    if (headers.get("referer") !== `${server.url}/qb/`) return new Response("Unauthorized", { status: 401 });
    const isForm = headers.get("content-type") === "application/x-www-form-urlencoded";
    if (method === "POST" && !isForm) return new Response("Bad Request", { status: 400 });
    const session = headers.get("cookie")?.replace(`${cookieName}=`, "") ?? "";
    const isKnown = bypassesAuth || sessions.has(session);
    switch (calls.at(-1)) {
      case "POST auth/login":
        return logIn(request);
      case "POST auth/logout":
        sessions.delete(session);
        return new Response("");
      case "GET app/preferences":
        return isKnown ? Response.json(settings) : FORBIDDEN();
      case "POST app/setPreferences":
        if (!isKnown) return FORBIDDEN();
        if (!ignores) settings = { ...settings, ...JSON.parse(new URLSearchParams(body).get("json") ?? "") };
        return new Response("");
      default:
        return new Response("Not Found", { status: 404 });
    }
  };
  const server = openHookServer(answer);
  return {
    ...server,
    sessions,
    calls,
    get settings() {
      return settings;
    },
  };
}
