import { delay, systemClock } from "../../src/core/clock.ts";
import { KEEP_ALIVE, STUN_ADDRESSES, STUN_PORT, V6 } from "./addresses.ts";
import { inNamespace, runCommand } from "./command.ts";
import { LineProcess } from "./line_process.ts";

/** Where servers run and keep their files. */
export interface ServersOptions {
  /** Namespace of the internet. */
  readonly namespace: string;
  /** Folder for configuration and logs; belongs to the lab. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Time to start on a busy machine. */
const START_LIMIT_MS = 15_000;

/** coturn and nginx at work in a lab's internet. Disposing ends them. */
export class Servers implements AsyncDisposable {
  readonly #options: ServersOptions;
  readonly #processes = new Map<"rfc5780" | "plain" | "http", LineProcess>();

  private constructor(options: ServersOptions) {
    this.#options = options;
  }

  /**
   * Starts all servers and waits until they listen.
   *
   * @throws {Error} If one does not.
   */
  static async start(options: ServersOptions): Promise<Servers> {
    const servers = new Servers(options);
    try {
      servers.startStun();
      servers.startHttp();
      await servers.waitUntilListening();
      return servers;
    } catch (error) {
      await servers[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts the STUN servers: one with two addresses and two ports (RFC 5780), and one on the other addresses. */
  startStun(): void {
    const [first, second, ...others] = STUN_ADDRESSES;
    this.#processes.set("rfc5780", this.#turnserver("rfc5780", [first, second]));
    this.#processes.set("plain", this.#turnserver("plain", [...others, ...V6.stun]));
  }

  /** Starts the keep-alive hosts, one nginx for all. */
  startHttp(): void {
    const file = `${this.#options.folder}/nginx.conf`;
    Deno.writeTextFileSync(file, nginxConfiguration(this.#options.folder));
    this.#processes.set(
      "http",
      this.#start(["nginx", "-e", `${this.#options.folder}/nginx.log`, "-c", file]),
    );
  }

  /** Ends the STUN servers: from now on the kernel refuses on their behalf. */
  async stopStun(): Promise<void> {
    await this.#stop(["rfc5780", "plain"]);
  }

  /** Ends the keep-alive hosts. */
  async stopHttp(): Promise<void> {
    await this.#stop(["http"]);
  }

  /** @throws {Error} If a server does not listen within 15 s. */
  async waitUntilListening(): Promise<void> {
    const expected = [
      ...[...STUN_ADDRESSES].map((a) => `${a}:${STUN_PORT}`),
      ...V6.stun.map((a) => `[${a}]:${STUN_PORT}`),
      `${KEEP_ALIVE.steady[0]}:80`,
    ];
    const start = performance.now();
    for (;;) {
      const seen = await runCommand(inNamespace(this.#options.namespace, ["ss", "-Hltn"]));
      const missing = expected.filter((endpoint) => !seen.includes(`${endpoint} `));
      if (missing.length === 0) return;
      const ended = [...this.#processes.values()].find((process) => process.status !== undefined);
      if (ended || performance.now() - start > START_LIMIT_MS) {
        throw new Error(
          `Cannot start servers: ${missing.join(", ")}: ${ended?.errorLines.join(" ") ?? "too slow"}`,
        );
      }
      await delay(systemClock, 50, this.#options.signal);
    }
  }

  #turnserver(name: string, addresses: readonly string[]): LineProcess {
    const { folder } = this.#options;
    // Without -n it would read the configuration of the machine.
    return this.#start([
      "turnserver",
      "-n",
      ...addresses.flatMap((address) => ["-L", address]),
      ...["-p", `${STUN_PORT}`, "--alt-listening-port", `${STUN_PORT + 1}`],
      ...["--stun-only", "--no-auth", "--no-cli", "--no-tls", "--no-dtls", "-m", "1"],
      ...["--pidfile", `${folder}/${name}.pid`, "--log-file", `${folder}/${name}.log`, "--simple-log"],
      ...["--userdb", `${folder}/${name}.db`, "--no-stdout-log"],
    ]);
  }

  #start(commandLine: readonly string[]): LineProcess {
    return LineProcess.start(inNamespace(this.#options.namespace, commandLine));
  }

  async #stop(names: readonly ("rfc5780" | "plain" | "http")[]): Promise<void> {
    for (const name of names) {
      await this.#processes.get(name)?.[Symbol.asyncDispose]();
      this.#processes.delete(name);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes.values()].map((process) => process[Symbol.asyncDispose]()));
    this.#processes.clear();
  }
}

function nginxConfiguration(folder: string): string {
  const server = (addresses: readonly string[], body: string): string =>
    `server { ${addresses.map((a) => `listen ${a.includes(":") ? `[${a}]` : a}:80;`).join(" ")} ${body} }`;
  const [unavailable = "", bad = ""] = KEEP_ALIVE.erring;
  // One process, so that one pid ends it.
  return `daemon off; master_process off; pid ${folder}/nginx.pid;
events { worker_connections 2048; }
http {
  access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  keepalive_timeout 3600s; keepalive_requests 1000000;
  ${server([...KEEP_ALIVE.steady, ...V6.keepAlive], 'location / { return 200 "steady\\n"; }')}
  ${server(KEEP_ALIVE.closing, 'keepalive_timeout 0; location / { return 200 "closing\\n"; }')}
  ${server(KEEP_ALIVE.impatient, 'keepalive_timeout 5s; location / { return 200 "impatient\\n"; }')}
  ${server([unavailable], "location / { return 503; }")}
  ${server([bad], "location / { return 400; }")}
}
`;
}
