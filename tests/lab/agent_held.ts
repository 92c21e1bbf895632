import { connect, type Socket } from "node:net";

/** An HTTP connection that stays open, to see what a NAT does to it. */
export class HeldConnection {
  readonly #socket: Socket;
  #isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("close", () => this.#isClosed = true);
  }

  /** Connects from a fixed endpoint. */
  static open(args: { from: string; to: string }): Promise<HeldConnection> {
    const [localAddress = "", localPort] = args.from.split(":");
    const [host = "", port] = args.to.split(":");
    const socket = connect({ host, port: Number(port), localAddress, localPort: Number(localPort) });
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.once("connect", () => resolve(new HeldConnection(socket)));
    });
  }

  /** Sends a request over it and says what came of it. */
  poke(timeoutMs: number): Promise<"answered" | "silent" | "closed"> {
    if (this.#isClosed) return Promise.resolve("closed");
    return new Promise((resolve) => {
      const finish = (what: "answered" | "silent" | "closed"): void => {
        clearTimeout(limit);
        this.#socket.off("data", answered).off("close", closed);
        resolve(what);
      };
      const answered = (): void => finish("answered");
      const closed = (): void => finish("closed");
      const limit = setTimeout(() => finish("silent"), timeoutMs);
      this.#socket.once("data", answered).once("close", closed);
      this.#socket.write("GET / HTTP/1.1\r\nHost: lab\r\n\r\n");
    });
  }
}
