import type { Endpoint, Family } from "./endpoint.ts";
import { PortholeError } from "./errors.ts";

/** Where a socket is bound and how its packets leave. */
export interface BindOptions {
  /** Interface name for SO_BINDTODEVICE. */
  readonly device?: string | undefined;
  /** SO_MARK. */
  readonly mark?: number | undefined;
  /** SO_REUSEADDR + SO_REUSEPORT, so that the port can be shared. @default {false} */
  readonly reusePort?: boolean | undefined;
  /**
   * The user whose socket it becomes before it is bound: the kernel lets only sockets of one user share a port
   * (SO_REUSEPORT). Needs CAP_CHOWN or CAP_SETUID for another than our own; the portable network ignores it.
   */
  readonly ownerUid?: number | undefined;
}

/** Options for {@linkcode Net.openDatagram}. */
export interface DatagramOptions extends BindOptions {
  /** Port 0 takes any. */
  readonly local: Endpoint;
  /**
   * Connects the socket: it then takes datagrams from this endpoint only, and nothing that others sharing the
   * port should get. Bind and connect happen back to back.
   */
  readonly remote?: Endpoint | undefined;
  /** Called for each datagram; `data` is only valid during the call. */
  readonly onDatagram: (data: Uint8Array, from: Endpoint) => void;
  /** Called for errors the kernel reports later (ECONNREFUSED, …); the socket stays open. */
  readonly onError?: ((error: Error) => void) | undefined;
}

/** A UDP socket. Disposing closes it. */
export interface DatagramSocket extends Disposable {
  /** The bound endpoint, with its real port. */
  readonly local: Endpoint;
  /**
   * Sends one datagram at once; one that does not fit the kernel's buffer is lost, as on the wire.
   *
   * @param to Required unless the socket is connected.
   * @throws {Error} With the kernel's `code` for every other refusal (ENETUNREACH, EPERM, EMSGSIZE, …).
   */
  send(data: Uint8Array, to?: Endpoint): void;
}

/** What a stream tells its owner. */
export interface StreamHandlers {
  /** `data` is only valid during the call. */
  readonly onData: (data: Uint8Array) => void;
  /**
   * Called once, when the peer closed, reset or vanished: no `error` means that the peer ended its side
   * (FIN). Not called after our own close or abort.
   */
  readonly onEnd: (error?: Error) => void;
}

/** Options for {@linkcode Net.connectStream}. */
export interface ConnectOptions extends BindOptions, StreamHandlers {
  /** Bound before connecting; port 0 takes any. */
  readonly local?: Endpoint | undefined;
  /** Where to connect to. */
  readonly remote: Endpoint;
  /** Ends the attempt. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Takes a spare socket of `local` ({@linkcode ReserveOptions.spareSockets}) where there is one, else binds anew as
   * usual. Such a connection always ends by RST, and its socket is a spare one again. @default {false}
   */
  readonly usesSpareSocket?: boolean | undefined;
  /** Notices a dead path without data: TCP keep-alive probes and TCP_USER_TIMEOUT. */
  readonly probe?: {
    /** Idle time before the first probe, in seconds. */
    readonly idleSeconds: number;
    readonly intervalSeconds: number;
    /** Unacknowledged data or probes for this long end the connection (RFC 5482), in milliseconds. */
    readonly userTimeoutMs: number;
  } | undefined;
}

/** A TCP connection. Disposing is {@linkcode StreamConnection.abort}. */
export interface StreamConnection extends Disposable {
  /** The bound endpoint, with its real port. */
  readonly local: Endpoint;
  /** The peer. */
  readonly remote: Endpoint;
  /** Queues bytes; errors arrive through `onEnd`. */
  write(data: Uint8Array): void;
  /** Bytes queued and not yet taken by the kernel. */
  readonly pendingBytes: number;
  /** Stops (`true`) or resumes (`false`) reading; an unread stream pushes back on its peer. */
  setPaused(isPaused: boolean): void;
  /** Ends our side (FIN) after what is queued; reading goes on. */
  end(): void;
  /** Closes at once by RST, so that neither TIME_WAIT nor FIN-WAIT remains. Idempotent. */
  abort(): void;
}

/** Options for {@linkcode Net.listenStream}. */
export interface ListenOptions extends BindOptions {
  /** Port 0 takes any. */
  readonly local: Endpoint;
  /**
   * Called for each connection; the connection belongs to the callee, which returns its handlers.
   */
  readonly onConnection: (connection: StreamConnection) => StreamHandlers;
  /** Called for errors of accepting; the listener stays open. */
  readonly onError?: ((error: Error) => void) | undefined;
}

/** A listening TCP socket. Disposing closes it; accepted connections stay. */
export interface StreamListener extends Disposable {
  /** The bound endpoint, with its real port. */
  readonly local: Endpoint;
}

/** Options for {@linkcode Net.reservePort}. */
export interface ReserveOptions extends BindOptions {
  /** Port 0 takes any. */
  readonly local: Endpoint;
  /**
   * This many more sockets are bound and kept, so that it can be connected from the port even when a listener without
   * SO_REUSEPORT has come to it, beside which no new socket can be bound. Only with `reusePort`; the portable network
   * ignores it. @default {0}
   */
  readonly spareSockets?: number | undefined;
}

/** A TCP port held by a bound socket that neither listens nor connects, so it takes no connection from anyone. */
export interface PortReservation extends Disposable {
  /** With the real port where 0 was asked for. */
  readonly local: Endpoint;
}

/**
 * The network as handed in. Failures of the kernel are thrown with its `code` ("EADDRINUSE", …).
 */
export interface Net extends AsyncDisposable {
  /** What a socket can do here: `full` shares ports with listeners, `portable` cannot. */
  readonly capability: "full" | "portable";
  /** Opens a UDP socket. */
  openDatagram(options: DatagramOptions): Promise<DatagramSocket>;
  /**
   * Opens a TCP connection.
   *
   * @throws `signal.reason` if aborted before the connection stands.
   */
  connectStream(options: ConnectOptions): Promise<StreamConnection>;
  /** Listens on a TCP port. */
  listenStream(options: ListenOptions): Promise<StreamListener>;
  /** Binds a TCP port and keeps it, shareable (SO_REUSEADDR + SO_REUSEPORT) unless told otherwise. */
  reservePort(options: ReserveOptions): Promise<PortReservation>;
  /**
   * The address the system would send from to reach `remote`.
   *
   * @throws {Error} ENETUNREACH and the like while there is no route.
   */
  localAddressTowards(remote: Endpoint, options?: BindOptions): Promise<string>;
  /**
   * Addresses of a host name, of one family; a literal gives itself.
   *
   * @throws {ResolveError} If the name does not resolve.
   */
  resolve(host: string, family: Family, signal?: AbortSignal): Promise<readonly string[]>;
  /** Calls back after addresses, links or routes of this host changed; bursts may be merged. */
  watchAddresses(onChange: () => void): Disposable;
}

/** A host name that does not resolve. */
export class ResolveError extends PortholeError {
  /** Name of the class. */
  override readonly name = "ResolveError";
  /** For programs. */
  override readonly code = "resolve";
  /** The name asked for. */
  readonly host: string;

  /** `reason` is what the resolver said. */
  constructor(host: string, reason: string, options?: ErrorOptions) {
    super(`Cannot resolve ${host}: ${reason}`, options);
    this.host = host;
  }
}
