import { type Endpoint, formatEndpoint, type HostPort } from "../core/endpoint.ts";
import { errorMessage, PortholeError } from "../core/errors.ts";

/** Bytes that are not a STUN message, or an attribute that is not what its type says. */
export class StunDecodeError extends PortholeError {
  /** Name of the class. */
  override readonly name = "StunDecodeError";
  /** What to match on. */
  override readonly code = "stun_decode";
  /** Where in the message it went wrong, in bytes from its start. */
  readonly offset: number;

  /** Words the message. */
  constructor(reason: string, offset: number) {
    super(`Cannot decode STUN message: ${reason} (byte ${offset})`);
    this.offset = offset;
  }
}

/** A STUN server did not answer in time. */
export class StunTimeoutError extends PortholeError {
  /** Name of the class. */
  override readonly name = "StunTimeoutError";
  /** What to match on. */
  override readonly code = "stun_timeout";
  /** The endpoint that was asked. */
  readonly server: Endpoint;
  /** How many requests were sent; 0 if not even a connection stood. */
  readonly sends: number;

  /** Words the message; a `cause` tells what the kernel said meanwhile. */
  constructor(server: Endpoint, sends: number, options?: ErrorOptions) {
    const reason = sends === 0 ? "no connection in time" : `no answer to ${sends} request(s)`;
    super(`Cannot ask STUN server ${formatEndpoint(server)}: ${reason}`, options);
    this.server = server;
    this.sends = sends;
  }
}

/** A STUN server refused the request (RFC 8489, section 6.3.4). */
export class StunErrorResponse extends PortholeError {
  /** Name of the class. */
  override readonly name = "StunErrorResponse";
  /** What to match on. */
  override readonly code = "stun_error_response";
  /** The endpoint that was asked. */
  readonly server: Endpoint;
  /** 300 to 699; 0 if the answer carried no readable ERROR-CODE. */
  readonly status: number;

  /** Words the message. */
  constructor(server: Endpoint, status: number, reason: string) {
    const detail = reason === "" ? `error ${status}` : `error ${status} ${reason}`;
    super(`Cannot ask STUN server ${formatEndpoint(server)}: it answered ${detail}`);
    this.server = server;
    this.status = status;
  }
}

/** A STUN server over TCP ended the connection, or sent something else than an answer. */
export class StunStreamError extends PortholeError {
  /** Name of the class. */
  override readonly name = "StunStreamError";
  /** What to match on. */
  override readonly code = "stun_stream";
  /** The endpoint that was asked. */
  readonly server: Endpoint;

  /** Words the message. */
  constructor(server: Endpoint, reason: string, options?: ErrorOptions) {
    super(`Cannot ask STUN server ${formatEndpoint(server)}: ${reason}`, options);
    this.server = server;
  }
}

/** Why one server of a lookup gave nothing. */
export interface StunServerFailure {
  /** As the user wrote it. */
  readonly server: HostPort;
  /** The address that was asked; absent if the name did not resolve. */
  readonly endpoint?: Endpoint | undefined;
  /** What was thrown. */
  readonly error: unknown;
}

/** No STUN server of the list answered. */
export class NoStunServerError extends PortholeError {
  /** Name of the class. */
  override readonly name = "NoStunServerError";
  /** What to match on. */
  override readonly code = "no_stun_server";
  /** One entry per server that was tried, in the order of failing. */
  readonly failures: readonly StunServerFailure[];

  /** Words the message; the last failure is the `cause`. */
  constructor(failures: readonly StunServerFailure[]) {
    const last = failures.at(-1);
    const reason = last === undefined
      ? "there is none to ask"
      : `none of ${failures.length} answered, the last: ${errorMessage(last.error)}`;
    super(`Cannot look up the external endpoint: ${reason}`, { cause: last?.error });
    this.failures = failures;
  }
}
