/** Serves HTTP in a process of its own, as a user's service does: SO_REUSEADDR, but no SO_REUSEPORT. */
const SERVICE = `
const [hostname, port, text] = Deno.args;
const listener = Deno.listen({ hostname, port: Number(port) });
console.log(listener.addr.port);
const body = new TextEncoder().encode(
  "HTTP/1.1 200 OK\\r\\nContent-Length: " + text.length + "\\r\\nConnection: close\\r\\n\\r\\n" + text,
);
const serve = async (connection) => {
  await connection.read(new Uint8Array(4096));
  await connection.write(body);
  connection.close();
};
// Deno's accept() fails for a connection that was reset in the queue, as the self-check does.
for (;;) await listener.accept().then((connection) => void serve(connection).catch(() => {}), () => {});
`;

/** What visitors get. */
export const SERVICE_TEXT = "a service of its own";

/** A service in a child process. Disposing ends it. */
export class OwnService implements AsyncDisposable {
  /** The port it listens on. */
  readonly port: number;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /**
   * Starts it, and waits until it listens.
   *
   * @param port 0 takes any.
   * @throws {Error} With its last words, if it does not listen.
   */
  static async start(address: string, port: number): Promise<OwnService> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-config", SERVICE, address, `${port}`, SERVICE_TEXT],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    if (value === undefined) {
      await child.status;
      throw new Error("Cannot start the service: it ended");
    }
    return new OwnService(child, Number(new TextDecoder().decode(value)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}
