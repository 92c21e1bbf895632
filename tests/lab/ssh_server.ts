import { delay, systemClock } from "../../src/core/clock.ts";
import { inNamespace, runCommand } from "./command.ts";
import type { Lab } from "./lab.ts";
import { LineProcess } from "./line_process.ts";

/** Where it listens, on the host itself only. */
export const SSH_TARGET = "127.0.0.1:2022";

const START_LIMIT_MS = 15_000;

/** A real sshd on a lab's host, with keys of its own. Disposing ends it. */
export class SshServer implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #folder: string;
  readonly #process: LineProcess;

  private constructor(lab: Lab, folder: string) {
    this.#lab = lab;
    this.#folder = folder;
    // It starts itself anew for each connection, so it has to be called by its path.
    this.#process = LineProcess.start(
      inNamespace(lab.names.host, ["/usr/sbin/sshd", "-D", "-e", "-f", `${folder}/sshd_config`]),
    );
  }

  /** Starts it and waits until it listens. @throws {Error} If it does not. */
  static async start(lab: Lab): Promise<SshServer> {
    const folder = `${lab.folder}/ssh`;
    await Deno.mkdir(folder, { mode: 0o700 });
    // Debian's sshd wants it for its unprivileged part.
    await Deno.mkdir("/run/sshd", { recursive: true });
    for (const name of ["host_key", "user_key"]) {
      await runCommand(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", `${folder}/${name}`]);
    }
    const [address = "", port = ""] = SSH_TARGET.split(":");
    await Deno.writeTextFile(
      `${folder}/sshd_config`,
      `ListenAddress ${address}\nPort ${port}\nHostKey ${folder}/host_key\nPidFile none\nUsePAM no\nStrictModes no
AuthorizedKeysFile ${folder}/user_key.pub\nPermitRootLogin prohibit-password\nPasswordAuthentication no\n`,
    );
    const server = new SshServer(lab, folder);
    try {
      await server.#listening();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The command line of an ssh that comes by a ProxyCommand and runs a command. */
  client(host: string, options: { readonly proxy: string; readonly run: string }): readonly string[] {
    const settings = [
      ...["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"],
      ...[`ProxyCommand=${options.proxy}`, "IdentitiesOnly=yes"],
    ];
    return [
      ...["ssh", "-F", "/dev/null", "-i", `${this.#folder}/user_key`],
      ...settings.flatMap((setting) => ["-o", setting]),
      ...[`root@${host}`, options.run],
    ];
  }

  async #listening(): Promise<void> {
    const end = performance.now() + START_LIMIT_MS;
    for (;;) {
      const seen = await runCommand(inNamespace(this.#lab.names.host, ["ss", "-Hltn"]));
      if (seen.includes(`${SSH_TARGET} `)) return;
      if (this.#process.status || performance.now() > end) {
        throw new Error(`Cannot start sshd: ${this.#process.errorLines.join(" ") || "too slow"}`);
      }
      await delay(systemClock, 30, this.#lab.signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
