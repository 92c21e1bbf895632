import {
  EXTERNAL_ADDRESSES,
  HOST_ADDRESSES,
  INTERNET_GATEWAY,
  INTERNET_SIDE,
  NAT_OUTSIDE,
  V6,
} from "./addresses.ts";
import { Agent } from "./agent_client.ts";
import { inNamespace, runCommand } from "./command.ts";
import { labFolder, namespaceName } from "./leftovers.ts";
import { LineProcess } from "./line_process.ts";
import { type NatProfile, natRuleset } from "./nat_ruleset.ts";
import { PortBlock } from "./port_block.ts";
import { Servers } from "./servers.ts";
import {
  addressing,
  hostRoutes,
  INTERNET_RULESET,
  type NamespaceNames,
  namespaces,
  type Role,
  ROLES,
  routerRuleset,
  settings,
  wiring,
} from "./topology.ts";

/** Options for {@linkcode Lab.open}. */
export interface LabOptions {
  readonly profile: NatProfile;
  /** How long the carrier's NAT remembers an idle mapping. @default {60} */
  readonly lifetimeSeconds?: number;
  /** @default {false} */
  readonly hairpins?: boolean;
  /** Round-trip time between the carrier and the internet. @default {0} */
  readonly rttMs?: number;
  /** Its abort makes every wait of the lab fail. */
  readonly signal: AbortSignal;
  /** Leaves namespaces and files behind, for a person to look at. @default {false} */
  readonly isKept?: boolean;
}

const DELAY_LINE = new URL("./delay_line.ts", import.meta.url).pathname;

let lastNumber = 0;

/**
 * Host, router, carrier NAT, internet and visitor, each in a network namespace of its own, with servers in the
 * internet. Disposing ends every process inside and removes everything.
 */
export class Lab implements AsyncDisposable {
  readonly names: NamespaceNames;
  readonly signal: AbortSignal;
  /** Temporary folder of this lab. */
  readonly folder: string;
  readonly #options: Required<LabOptions>;
  readonly #ports = new PortBlock();
  readonly #agents = new Map<Role, Agent>();
  #servers: Servers | undefined;
  #delayLine: LineProcess | undefined;
  #external: string = EXTERNAL_ADDRESSES[0];

  private constructor(options: LabOptions) {
    const { lifetimeSeconds = 60, hairpins = false, rttMs = 0, isKept = false } = options;
    this.#options = { ...options, lifetimeSeconds, hairpins, rttMs, isKept };
    this.signal = options.signal;
    const number = ++lastNumber;
    this.names = Object.fromEntries(
      ROLES.map((role) => [role, namespaceName(number, role)]),
    ) as Record<Role, string>;
    this.folder = labFolder(number);
  }

  /**
   * Builds a lab and starts its servers.
   *
   * @throws {Error} If a tool refuses; nothing stays behind then.
   */
  static async open(options: LabOptions): Promise<Lab> {
    const lab = new Lab(options);
    try {
      await lab.#build();
      return lab;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #build(): Promise<void> {
    await Deno.mkdir(this.folder);
    const { rttMs, lifetimeSeconds } = this.#options;
    await this.#ip([], namespaces(this.names));
    await Promise.all(
      ROLES.map((role) => this.exec(role, ["sysctl", "-q", "-w", ...settings(role, lifetimeSeconds)])),
    );
    await this.#ip([], wiring(this.names, { hasDelayLine: rttMs > 0 }));
    if (rttMs > 0) await this.#layDelayLine(rttMs / 2);
    await Promise.all(ROLES.map((role) => this.#ip(["-n", this.names[role]], addressing(role))));
    await Promise.all([
      this.#loadNat(),
      this.#nft("router", routerRuleset(HOST_ADDRESSES[0])),
      this.#nft("internet", INTERNET_RULESET),
    ]);
    this.#servers = await Servers.start({
      namespace: this.names.internet,
      folder: this.folder,
      signal: this.signal,
    });
  }

  async #layDelayLine(delayMs: number): Promise<void> {
    const ready = Promise.withResolvers<void>();
    const command = [Deno.execPath(), "run", "-A", "--no-config", DELAY_LINE, NAT_OUTSIDE, INTERNET_SIDE];
    const line = LineProcess.start(inNamespace(this.names.carrier, [...command, `${delayMs}`]), {
      env: { DENO_NO_UPDATE_CHECK: "1" },
      onLine: () => ready.resolve(),
    });
    this.#delayLine = line;
    line.done.then(() => ready.reject(new Error(`Cannot lay the delay line: ${line.errorLines.join(" ")}`)));
    await ready.promise;
    await this.#ip(["-n", this.names.carrier], [`link set ${INTERNET_SIDE} netns ${this.names.internet}`]);
  }

  /** The servers in the internet. */
  get servers(): Servers {
    if (!this.#servers) throw new TypeError("Cannot reach the servers: the lab is not open");
    return this.#servers;
  }

  /** What the carrier's NAT makes of a port of the host now: `ADDRESS:PORT`. */
  externalOf(port: number): string {
    return `${this.#external}:${this.#ports.ports.get(port)}`;
  }

  /** The agent of a namespace, started when first asked for. */
  agent(role: Role): Agent {
    let agent = this.#agents.get(role);
    if (!agent) this.#agents.set(role, agent = new Agent(this.names[role], this.signal));
    return agent;
  }

  /** Runs a program inside a namespace to its end and gives its output. */
  exec(role: Role, commandLine: readonly string[], input?: string): Promise<string> {
    return runCommand(inNamespace(this.names[role], commandLine), input === undefined ? {} : { input });
  }

  /**
   * Restarts the carrier's NAT: it forgets everything.
   *
   * @param options `keepsPorts`: it will give the same external ports again. By default all are dealt anew.
   */
  async restartNat(options: { readonly keepsPorts?: boolean } = {}): Promise<void> {
    if (!options.keepsPorts) this.#ports.deal();
    await this.#replaceNat();
  }

  /** The carrier gives another public address; ports stay, mappings are forgotten. */
  async changeExternalAddress(): Promise<void> {
    const next = this.#external === EXTERNAL_ADDRESSES[0] ? EXTERNAL_ADDRESSES[1] : EXTERNAL_ADDRESSES[0];
    await this.#ip(["-n", this.names.carrier], [
      // In this order: an address that goes takes younger ones of its network along.
      `address del ${this.#external}/24 dev ${NAT_OUTSIDE}`,
      `address add ${next}/24 dev ${NAT_OUTSIDE}`,
      `route replace default via ${INTERNET_GATEWAY}`,
    ]);
    this.#external = next;
    await this.#replaceNat();
  }

  /** The host gets another address from the router, as by a new DHCP lease. */
  async changeLocalAddress(): Promise<void> {
    const [before, after] = HOST_ADDRESSES;
    await this.#ip(["-n", this.names.host], [`address del ${before}/24 dev lan0`]);
    await this.#nft("router", routerRuleset(after));
    // The old host's flows would make the router give the new one another port, outside the carrier's block.
    await this.exec("router", ["conntrack", "-F"]);
    await this.#ip(["-n", this.names.host], [`address add ${after}/24 dev lan0`, ...hostRoutes()]);
  }

  /** Takes the host's link down. */
  async setLinkDown(): Promise<void> {
    await this.#ip(["-n", this.names.host], ["link set lan0 down"]);
  }

  /** Brings the host's link up again, routes included. */
  async setLinkUp(): Promise<void> {
    await this.#ip(["-n", this.names.host], [
      "link set lan0 up",
      // The kernel dropped the IPv6 address along with the link.
      `address replace ${V6.host}/64 dev lan0 nodad`,
      ...hostRoutes(),
    ]);
  }

  /** From now on these servers neither get nor send anything. */
  async silence(addresses: readonly string[]): Promise<void> {
    await this.#nft("internet", `add element inet outage dead { ${addresses.join(", ")} }\n`);
  }

  /** Ends the silence of these servers. */
  async revive(addresses: readonly string[]): Promise<void> {
    await this.#nft("internet", `delete element inet outage dead { ${addresses.join(", ")} }\n`);
  }

  /** Nothing passes the NAT while it is replaced, so nothing half old and half new can be learned. */
  async #replaceNat(): Promise<void> {
    const chain = "type filter hook prerouting priority -400; policy drop;";
    await this.#nft("carrier", `table ip reboot {\nchain everything { ${chain} }\n}\n`);
    await this.#loadNat();
    await this.exec("carrier", ["conntrack", "-F"]);
    await this.#nft("carrier", "delete table ip reboot\n");
  }

  async #loadNat(): Promise<void> {
    const { profile, lifetimeSeconds, hairpins } = this.#options;
    const ports = this.#ports.ports;
    await this.#nft(
      "carrier",
      natRuleset({ profile, lifetimeSeconds, hairpins, ports, external: this.#external }),
    );
  }

  async #nft(role: Role, ruleset: string): Promise<void> {
    await this.exec(role, ["nft", "-f", "-"], ruleset);
  }

  async #ip(flags: readonly string[], lines: readonly string[]): Promise<void> {
    await runCommand(["ip", ...flags, "-batch", "-"], { input: lines.join("\n") + "\n" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent[Symbol.asyncDispose]()));
    if (this.#options.isKept) return;
    await this.#servers?.[Symbol.asyncDispose]();
    await this.#delayLine?.[Symbol.asyncDispose]();
    for (const name of Object.values(this.names)) {
      // One that was never made is as good as removed.
      await runCommand(["ip", "netns", "delete", name]).catch(() => {});
    }
    await Deno.remove(this.folder, { recursive: true }).catch(() => {});
  }
}
