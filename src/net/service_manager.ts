import {
  type Descriptor,
  encodeUnixSockaddr,
  errnoName,
  holdLibc,
  monotonicMicroseconds,
  openUnixDatagramSocket,
  sendBytesTo,
} from "../../ffi/mod.ts";
import type { Clock } from "../core/clock.ts";
import { errorMessage } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";

/** Options for {@linkcode openServiceManager}. */
export interface ServiceManagerOptions {
  /** Reads an environment variable. */
  readonly readEnv: (name: string) => string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** @default {Deno.pid} */
  readonly pid?: number;
}

/**
 * What started us and wants to know how we are: systemd, or whatever speaks sd_notify(3).
 *
 * Nothing here throws or waits: what cannot be told is dropped with a debug line. Disposing closes the socket and
 * stops the watchdog's beat.
 */
export interface ServiceManager extends Disposable {
  /** Beat the watchdog this often, in milliseconds: half of its time. `undefined`: there is none. */
  readonly watchdogIntervalMs: number | undefined;
  /** We are up; also after {@linkcode ServiceManager.reloading}. */
  ready(): void;
  /** We begin to load our configuration again (`Type=notify-reload` wants to know since when). */
  reloading(): void;
  /** We begin to end. */
  stopping(): void;
  /** One line for `systemctl status`; the same one again is not sent. */
  status(text: string): void;
  /** Beats the watchdog once. */
  watchdog(): void;
  /**
   * Beats the watchdog now and every {@linkcode ServiceManager.watchdogIntervalMs}, as long as this event loop turns
   * and `isWell` says so; does nothing where there is none. Disposing ends it.
   *
   * @param isWell Default: always.
   */
  startWatchdog(isWell?: () => boolean): Disposable;
}

/** Opens the way to the service manager named by `NOTIFY_SOCKET`; `undefined` if there is none that can be told. */
export function openServiceManager(options: ServiceManagerOptions): ServiceManager | undefined {
  const name = options.readEnv("NOTIFY_SOCKET");
  if (name === undefined || name === "") return undefined;
  try {
    return NotifySocket.open(name, options);
  } catch (error) {
    options.log.debug("Cannot tell the service manager anything", { reason: errorMessage(error) });
    return undefined;
  }
}

class NotifySocket implements ServiceManager {
  readonly watchdogIntervalMs: number | undefined;
  readonly #options: ServiceManagerOptions;
  readonly #parts: { readonly socket: Descriptor; readonly address: Uint8Array<ArrayBuffer> };
  readonly #owned: DisposableStack;
  #status = "";
  #isClosed = false;

  private constructor(
    parts: { readonly socket: Descriptor; readonly address: Uint8Array<ArrayBuffer> },
    owned: DisposableStack,
    options: ServiceManagerOptions,
  ) {
    this.#parts = parts;
    this.#owned = owned;
    this.#options = options;
    this.watchdogIntervalMs = watchdogIntervalMs(options);
  }

  static open(name: string, options: ServiceManagerOptions): NotifySocket {
    // What is neither is for later versions of systemd (vsock:…).
    if (!/^[/@]/.test(name)) throw new TypeError(`Cannot use NOTIFY_SOCKET ${name}: not a path or @name`);
    const address = encodeUnixSockaddr(name);
    using owned = new DisposableStack();
    owned.use(holdLibc());
    const socket = owned.use(openUnixDatagramSocket());
    return new NotifySocket({ socket, address }, owned.move(), options);
  }

  ready(): void {
    this.#send("READY=1");
  }

  reloading(): void {
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${monotonicMicroseconds()}`);
  }

  stopping(): void {
    this.#send("STOPPING=1");
  }

  status(text: string): void {
    // deno-lint-ignore no-control-regex -- a newline would begin another assignment
    const line = text.replace(/[\x00-\x1f\x7f]+/g, " ").trim();
    if (line === this.#status) return;
    this.#status = line;
    this.#send(`STATUS=${line}`);
  }

  watchdog(): void {
    this.#send("WATCHDOG=1");
  }

  startWatchdog(isWell: () => boolean = () => true): Disposable {
    const intervalMs = this.watchdogIntervalMs;
    let timer: Disposable | undefined;
    const beat = (): void => {
      if (intervalMs === undefined || this.#isClosed) return;
      if (isWell()) this.watchdog();
      timer = this.#options.clock.schedule(intervalMs, beat);
    };
    beat();
    const beating = { [Symbol.dispose]: (): void => timer?.[Symbol.dispose]() };
    return this.#isClosed ? beating : this.#owned.use(beating);
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#owned[Symbol.dispose]();
  }

  #send(text: string): void {
    if (this.#isClosed) return;
    const { socket, address } = this.#parts;
    const result = sendBytesTo(socket, new TextEncoder().encode(text), address);
    if (result >= 0) return;
    const reason = errnoName(-result);
    this.#options.log.debug("Cannot tell the service manager", { message: text.split("\n")[0], reason });
  }
}

/** Half of the watchdog's time, as sd_watchdog_enabled(3) advises. */
function watchdogIntervalMs({ readEnv, pid = Deno.pid }: ServiceManagerOptions): number | undefined {
  const text = readEnv("WATCHDOG_USEC") ?? "";
  const owner = readEnv("WATCHDOG_PID") ?? "";
  if (!/^[1-9]\d{0,15}$/.test(text) || (owner !== "" && owner !== `${pid}`)) return undefined;
  // Timers take no more than 2^31 - 1 ms; a watchdog that is content with less does no harm.
  return Math.min(Math.max(1, Math.floor(Number(text) / 2000)), 2 ** 31 - 1);
}
