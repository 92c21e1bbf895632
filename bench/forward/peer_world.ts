import { LineProcess } from "../../tests/lab/line_process.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const STUN = "127.0.0.1:3478";

/**
 * What natmap and Natter need before they forward anything: a STUN server and a busy HTTP host, on loopback inside the
 * bench's namespace. Disposing ends both.
 */
export class PeerWorld implements AsyncDisposable {
  readonly #stun: LineProcess;
  readonly #http: Deno.HttpServer;

  /** Starts both. */
  constructor() {
    const commandLine = [
      Deno.execPath(),
      "run",
      "-A",
      "--cached-only",
      MAIN,
      "stun-server",
      "--listen",
      STUN,
    ];
    this.#stun = LineProcess.start(commandLine, { env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" } });
    this.#http = Deno.serve(
      { hostname: "127.0.0.1", port: 80, onListen: () => {} },
      () => new Response("busy\n"),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#stun[Symbol.asyncDispose](), this.#http.shutdown()]);
  }
}
