/** The RPC of Transmission, as far as porthole uses it, strict about what the real one is strict about. */
import { type HookServer, openHookServer, type SeenRequest } from "../webhook_rig.ts";

/** How it behaves. */
export interface FakeTransmissionOptions {
  /** As since 4.1: takes JSON-RPC only, here. @default {false} */
  readonly isNew?: boolean;
  /** At the start. @default {51413} */
  readonly port?: number;
  /** At the start. @default {false} */
  readonly isRandom?: boolean;
  /** Asks for user `me`, password `pä:ss`. @default {false} */
  readonly asksWho?: boolean;
  /** Says yes and changes nothing. @default {false} */
  readonly ignores?: boolean;
  /** Answers everything so. @default {undefined} */
  readonly status?: number;
  /** After so many requests it gives another session ID. @default {Infinity} */
  readonly requestsPerSession?: number;
}

/** A running one. */
export interface FakeTransmission extends HookServer {
  /** Peer port now. */
  readonly port: number;
  /** Whether it takes another port at its next start. */
  readonly isRandom: boolean;
  /** Methods that were called, refusals not counted. */
  readonly calls: readonly string[];
  /** Session IDs that were given away. */
  readonly sessions: number;
}

interface RpcRequest {
  readonly jsonrpc?: string;
  readonly method: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly params?: Readonly<Record<string, unknown>>;
}

const BASIC = `Basic ${new TextEncoder().encode("me:pä:ss").toBase64()}`;

/** Opens one. */
export function openFakeTransmission(options: FakeTransmissionOptions = {}): FakeTransmission {
  const { isNew = false, asksWho = false, ignores = false, status, requestsPerSession = Infinity } = options;
  let { port = 51_413, isRandom = false } = options;
  let session = "";
  let sessions = 0;
  let left = 0;
  const calls: string[] = [];
  const keys = isNew
    ? { port: "peer_port", random: "peer_port_random_on_start", prefix: "session_" }
    : { port: "peer-port", random: "peer-port-random-on-start", prefix: "session-" };

  const renew = (): Response => {
    session = `session${++sessions}`;
    left = requestsPerSession;
    const headers = new Headers({ "x-transmission-session-id": session });
    if (isNew) headers.set("x-transmission-rpc-version", "6.0.0");
    return new Response("<h1>409: Conflict</h1>", { status: 409, headers });
  };
  const reply = (values: unknown): Response =>
    Response.json(
      isNew ? { jsonrpc: "2.0", result: values, id: 1 } : { arguments: values, result: "success" },
    );
  const answer = ({ method, path, headers, body }: SeenRequest): Response => {
    if (status !== undefined) return new Response("x", { status });
    if (path !== "/transmission/rpc" || method !== "POST") return new Response("", { status: 404 });
    if (asksWho && headers.get("authorization") !== BASIC) return new Response("", { status: 401 });
    if (headers.get("x-transmission-session-id") !== session || left-- <= 0) return renew();
    const request: RpcRequest = JSON.parse(body);
    const values = (isNew ? request.params : request.arguments) ?? {};
    const isDialect = isNew === (request.jsonrpc === "2.0");
    calls.push(request.method);
    if (isDialect && request.method === `${keys.prefix}get`) {
      return reply({ [keys.port]: port, [keys.random]: isRandom });
    }
    if (!isDialect || request.method !== `${keys.prefix}set`) {
      return Response.json({ arguments: {}, result: "method name not recognized" });
    }
    if (!ignores) {
      port = Number(values[keys.port]);
      isRandom = Boolean(values[keys.random]);
    }
    return reply({});
  };
  return {
    ...openHookServer(answer),
    calls,
    get port(): number {
      return port;
    },
    get isRandom(): boolean {
      return isRandom;
    },
    get sessions(): number {
      return sessions;
    },
  };
}
