import { PortholeChild } from "./porthole_child.ts";

/** STUN and keep-alive on loopback, without any NAT: the command line's whole way and nothing else. */
export class Surroundings implements AsyncDisposable {
  readonly flags: readonly string[];
  readonly #stun: PortholeChild;
  readonly #web: Deno.HttpServer<Deno.NetAddr>;

  private constructor(stun: PortholeChild, listen: string) {
    this.#stun = stun;
    this.#web = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response("ok"));
    const web = `127.0.0.1:${this.#web.addr.port}`;
    this.flags = ["--interface", "127.0.0.1", "--stun", listen, "--keep-alive", web];
  }

  static async open(): Promise<Surroundings> {
    const stun = PortholeChild.start(["stun-server", "--listen", "127.0.0.1:0", "--json"]);
    const { listen = "" } = await stun.nextEvent("listening");
    return new Surroundings(stun, listen);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stun[Symbol.asyncDispose]();
    await this.#web.shutdown();
  }
}
