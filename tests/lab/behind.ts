/** A machine behind the host's second link, whose gateway the host is. */
import { Agent } from "./agent_client.ts";
import { runCommand } from "./command.ts";
import type { CaseContext } from "./lab_case.ts";

/** The network behind the host's second link. */
export const BEHIND = {
  host: "10.77.0.1",
  target: "10.77.0.2",
  host6: "fd77::1",
  target6: "fd77::2",
} as const;

/** A machine behind the host, which is its gateway. */
export class Behind implements AsyncDisposable {
  readonly agent: Agent;
  readonly #name: string;

  private constructor(name: string, signal: AbortSignal) {
    this.#name = name;
    this.agent = new Agent(name, signal);
  }

  static async open({ lab }: CaseContext): Promise<Behind> {
    const name = lab.names.host.replace(/host$/, "target");
    await runCommand(["ip", "netns", "add", name]);
    await runCommand(["ip", "-batch", "-"], {
      input: `link add name lan1 netns ${lab.names.host} type veth peer name eth0 netns ${name}\n`,
    });
    await runCommand(["ip", "-n", lab.names.host, "-batch", "-"], {
      input:
        `address add ${BEHIND.host}/24 dev lan1\naddress add ${BEHIND.host6}/64 dev lan1 nodad\nlink set lan1 up\n`,
    });
    await runCommand(["ip", "-n", name, "-batch", "-"], {
      input: `link set lo up\naddress add ${BEHIND.target}/24 dev eth0\n` +
        `address add ${BEHIND.target6}/64 dev eth0 nodad\nlink set eth0 up\n` +
        `route add default via ${BEHIND.host}\nroute add ::/0 via ${BEHIND.host6}\n`,
    });
    return new Behind(name, lab.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent[Symbol.asyncDispose]();
    await runCommand(["ip", "netns", "delete", this.#name]);
  }
}
