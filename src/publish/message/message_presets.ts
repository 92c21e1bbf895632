import type { MessageOptions } from "../options.ts";
import { escapeUrl } from "../template.ts";

/** Which service. */
export type MessageService = MessageOptions["provider"];

/** What a message is made of; the token and `to` are plain texts here, title and message may hold placeholders. */
export interface MessageParts {
  readonly token: string;
  readonly to: string;
  readonly title: string;
  readonly message: string;
}

/** How a service takes messages, and how it says that it did. */
export interface MessagePreset {
  /** Its public server; `undefined` where everybody has an own one. */
  readonly server: (token: string) => string | undefined;
  /** Behind the address of the server. */
  readonly path: (parts: MessageParts) => string;
  /** Names in lower case. */
  readonly headers: (parts: MessageParts) => Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body: (parts: MessageParts) => Readonly<Record<string, string>>;
  /** Member of the answer that says whether the message was taken. */
  readonly verdict: "id" | "ok" | "code";
  /** Its value if it was; `undefined` where any will do. */
  readonly taken?: number | boolean | undefined;
  /** Codes that stay until somebody changes something, although the status may be 200. */
  readonly permanentCodes: readonly number[];
}

const NO_HEADERS = (): Readonly<Record<string, string>> => ({});

/** By the documents of the services. */
export const MESSAGE_PRESETS: Readonly<Record<MessageService, MessagePreset>> = {
  // docs.ntfy.sh/publish, "Publish as JSON"
  ntfy: {
    server: () => "https://ntfy.sh",
    path: () => "/",
    headers: ({ token }) => token === "" ? {} : { authorization: `Bearer ${token}` },
    body: ({ to, title, message }) => ({ topic: to, title, message }),
    verdict: "id",
    permanentCodes: [],
  },
  // gotify.net/api-docs, createMessage
  gotify: {
    server: () => undefined,
    path: () => "/message",
    headers: ({ token }) => ({ "x-gotify-key": token }),
    body: ({ title, message }) => ({ title, message }),
    verdict: "id",
    permanentCodes: [],
  },
  // core.telegram.org/bots/api#sendmessage; it has no titles
  telegram: {
    server: () => "https://api.telegram.org",
    path: ({ token }) => `/bot${escapeUrl(token)}/sendMessage`,
    headers: NO_HEADERS,
    body: ({ to, title, message }) => ({
      chat_id: to,
      text: [title, message].filter((text) => text !== "").join("\n"),
    }),
    verdict: "ok",
    taken: true,
    permanentCodes: [],
  },
  // bark-server, docs/API_V2.md
  bark: {
    server: () => "https://api.day.app",
    path: () => "/push",
    headers: NO_HEADERS,
    body: ({ token, title, message }) => ({ device_key: token, title, body: message }),
    verdict: "code",
    taken: 200,
    permanentCodes: [400, 401, 403, 404],
  },
  // sct.ftqq.com for keys SCT…, doc.sc3.ft07.com for keys sctp<uid>t…, whose server has the uid in its name
  serverchan: {
    server: (token) => {
      const uid = /^sctp(\d+)t/i.exec(token)?.[1];
      if (uid !== undefined) return `https://${uid}.push.ft07.com/send`;
      return /^sct/i.test(token) ? "https://sctapi.ftqq.com" : undefined;
    },
    path: ({ token }) => `/${escapeUrl(token)}.send`,
    headers: NO_HEADERS,
    body: ({ title, message }) => ({ title, desp: message }),
    verdict: "code",
    taken: 0,
    // Unknown key, and the day's messages are used up.
    permanentCodes: [20001, 40001],
  },
  // www.pushplus.plus/doc, codes of the interface
  pushplus: {
    server: () => "https://www.pushplus.plus",
    path: () => "/send",
    headers: NO_HEADERS,
    body: ({ token, title, message }) => ({ token, title, content: message, template: "txt" }),
    verdict: "code",
    taken: 200,
    // Not allowed, address not allowed, no credit, account restricted for sending too much, bad token, not verified.
    permanentCodes: [401, 403, 805, 888, 900, 903, 905],
  },
};

/** The public server of a service; `undefined` where everybody has an own one, or this token is none of the service's. */
export function messageServer(service: MessageService, token: string): string | undefined {
  return MESSAGE_PRESETS[service].server(token);
}
