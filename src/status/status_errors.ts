import { PortholeError } from "../core/errors.ts";

/** A daemon answers on this socket already. */
export class SocketInUseError extends PortholeError {
  /** Name of the class. */
  override readonly name = "SocketInUseError";
  /** For programs. */
  override readonly code = "socket_in_use";
  /** The socket. */
  readonly path: string;

  constructor(path: string, options?: ErrorOptions) {
    super(`Cannot open status socket ${path}: another daemon answers on it`, options);
    this.path = path;
  }
}

/** A path that cannot be, or must not become, our socket. */
export class SocketPathError extends PortholeError {
  /** Name of the class. */
  override readonly name = "SocketPathError";
  /** For programs. */
  override readonly code = "socket_path";
  /** The socket. */
  readonly path: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`Cannot open status socket ${path}: ${reason}`, options);
    this.path = path;
  }
}

/** Nobody answers on the socket, or there is none. */
export class NoDaemonError extends PortholeError {
  /** Name of the class. */
  override readonly name = "NoDaemonError";
  /** For programs. */
  override readonly code = "no_daemon";
  /** The sockets that were tried. */
  readonly paths: readonly string[];

  constructor(paths: readonly string[], options?: ErrorOptions) {
    super(`Cannot reach the daemon: nobody answers on ${paths.join(", ") || "any socket"}`, options);
    this.paths = paths;
  }
}

/** The daemon is there and did not give what was asked for. */
export class StatusRequestError extends PortholeError {
  /** Name of the class. */
  override readonly name = "StatusRequestError";
  /** For programs. */
  override readonly code = "status_request";
  /** HTTP status; absent if it gave none. */
  readonly status: number | undefined;

  constructor(reason: string, options: ErrorOptions & { readonly status?: number | undefined } = {}) {
    super(`Cannot ask the daemon: ${reason}`, options);
    this.status = options.status;
  }
}
