import {
  type Descriptor,
  EPOLLIN,
  ERRNO,
  openRouteSocket,
  parseRouteMessages,
  receiveBytes,
  received,
} from "../../ffi/mod.ts";
import type { LinuxContext } from "./linux_context.ts";
import type { ReadyHandler, Watch } from "./reactor.ts";
import { RouteChanges } from "./route_changes.ts";

/** A redial is a burst of messages; the last ones follow the first within this time. */
const BURST_MS = 50;

const MESSAGES_PER_TURN = 64;

/** Watches links, addresses and routes by netlink. Disposing ends it. */
export class LinuxAddressWatch implements ReadyHandler, Disposable {
  readonly #context: LinuxContext;
  readonly #onChange: () => void;
  readonly #changes = new RouteChanges();
  readonly #watch: Watch;
  #socket: Descriptor | undefined;
  #burst: Disposable | undefined;

  /** Begins at once. @throws {SystemError} */
  constructor(context: LinuxContext, onChange: () => void) {
    this.#context = context;
    this.#onChange = onChange;
    using rollback = new DisposableStack();
    const socket = rollback.use(openRouteSocket());
    this.#watch = context.reactor.watch(socket, EPOLLIN, this);
    this.#socket = socket;
    context.owned.add(this);
    rollback.move();
  }

  onReady(): void {
    let isChange = false;
    for (let i = 0; i < MESSAGES_PER_TURN && this.#socket !== undefined; i++) {
      const count = receiveBytes(this.#socket);
      if (count === -ERRNO.EAGAIN || count === -ERRNO.EINTR) break;
      if (count < 0) {
        // ENOBUFS: messages were lost, so something did change.
        this.#changes.forget();
        isChange = true;
      } else if (this.#changes.take(parseRouteMessages(received(count)))) isChange = true;
    }
    if (!isChange || this.#burst !== undefined) return;
    this.#burst = this.#context.clock.schedule(BURST_MS, () => {
      this.#burst = undefined;
      this.#onChange();
    });
  }

  [Symbol.dispose](): void {
    if (this.#socket === undefined) return;
    this.#burst?.[Symbol.dispose]();
    this.#watch.remove();
    this.#socket[Symbol.dispose]();
    this.#socket = undefined;
    this.#context.owned.delete(this);
  }
}
