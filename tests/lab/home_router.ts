/** A customer's router that lets nobody in but whom it was asked for: Debian's miniupnpd on a filtering NAT. */
import { delay, systemClock } from "../../src/core/clock.ts";
import type { GatewayWay } from "../../src/core/mapping.ts";
import { ROUTER_WAN } from "./addresses.ts";
import { inNamespace, runCommand } from "./command.ts";
import type { Lab } from "./lab.ts";
import { LineProcess } from "./line_process.ts";

/**
 * What miniupnpd believes its public address to be: behind a carrier's NAT it opens nothing unless its owner has told
 * it one, and it takes no documentation address. Nothing is ever sent there.
 */
export const DECLARED_ADDRESS = "5.5.5.5";

const START_LIMIT_MS = 15_000;

/** Which router, and what it offers. */
export interface HomeRouterOptions {
  readonly ways: readonly GatewayWay[];
  /** Namespace that it is. @default the lab's router */
  readonly namespace?: string;
  /** @default {"lan0"} */
  readonly lan?: string;
  /** @default {"wan0"} */
  readonly wan?: string;
  /** Its address on the far side. @default {ROUTER_WAN} */
  readonly wanAddress?: string;
  /** What it calls that address. @default {DECLARED_ADDRESS} */
  readonly declaredAddress?: string;
  /** Networks that it serves. @default {["192.168.9.0/24"]} */
  readonly networks?: readonly string[];
  /** Everything unasked-for goes there, as with a DMZ host. @default nowhere */
  readonly openTo?: string;
}

/** A router that filters from now on. Disposing ends miniupnpd. */
export class HomeRouter implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #options: Required<Omit<HomeRouterOptions, "openTo">> & Pick<HomeRouterOptions, "openTo">;
  #daemon: LineProcess | undefined;

  private constructor(lab: Lab, options: HomeRouterOptions) {
    this.#lab = lab;
    this.#options = {
      namespace: lab.names.router,
      lan: "lan0",
      wan: "wan0",
      wanAddress: ROUTER_WAN,
      declaredAddress: DECLARED_ADDRESS,
      networks: ["192.168.9.0/24"],
      ...options,
    };
  }

  /**
   * Makes the router filter and starts miniupnpd on it.
   *
   * @throws {Error} If it does not listen.
   */
  static async open(lab: Lab, options: HomeRouterOptions): Promise<HomeRouter> {
    const router = new HomeRouter(lab, options);
    await router.#load();
    try {
      await router.start();
      return router;
    } catch (error) {
      await router[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What it was asked to let in: a line for each rule of nft, empty if nothing. */
  async rules(): Promise<string> {
    const chains = ["miniupnpd", "prerouting_miniupnpd"];
    const listed = await Promise.all(
      chains.map((chain) => this.#run(["nft", "list", "chain", "inet", "home", chain])),
    );
    return listed.join("\n").split("\n").filter((line) => line.includes("dport")).join("\n");
  }

  /** As when the power was gone for a moment: nothing is remembered. */
  async restart(): Promise<void> {
    await this.#daemon?.[Symbol.asyncDispose]();
    await this.#load();
    await this.start();
  }

  /** Starts miniupnpd. */
  async start(): Promise<void> {
    const { namespace, ways } = this.#options;
    const base = `${this.#lab.folder}/${namespace}`;
    Deno.writeTextFileSync(`${base}.conf`, this.#configuration(base));
    const commandLine = ["miniupnpd", "-d", "-f", `${base}.conf`, "-P", `${base}.pid`];
    const daemon = LineProcess.start(inNamespace(namespace, commandLine));
    this.#daemon = daemon;
    const start = performance.now();
    const port = ways.includes("upnp") ? 1900 : 5351;
    while ((await this.#run(["ss", "-Hlun", `sport = :${port}`])).trim() === "") {
      if (daemon.status || performance.now() - start > START_LIMIT_MS) {
        throw new Error(`Cannot start miniupnpd: ${daemon.errorLines.join(" ") || "too slow"}`);
      }
      await delay(systemClock, 30, this.#lab.signal);
    }
  }

  /** The last lines that miniupnpd wrote. */
  get logLines(): readonly string[] {
    return this.#daemon?.errorLines ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon?.[Symbol.asyncDispose]();
  }

  async #run(commandLine: readonly string[], input?: string): Promise<string> {
    const { namespace } = this.#options;
    return await runCommand(inNamespace(namespace, commandLine), input === undefined ? {} : { input });
  }

  /** Ports are preserved; miniupnpd adds its rules to the empty chains. */
  async #load(): Promise<void> {
    const { lan, wan, wanAddress, openTo } = this.#options;
    const isOpen = openTo !== undefined;
    await this.#run(
      ["nft", "-f", "-"],
      `add table ip home
delete table ip home
add table inet home
delete table inet home
table inet home {
  chain forward { type filter hook forward priority 0; policy ${isOpen ? "accept" : "drop"};
    ct state established,related accept
    iifname "${lan}" accept
    jump miniupnpd
  }
  chain miniupnpd { }
  chain own { type filter hook input priority 0;
    iifname "${wan}" meta l4proto { tcp, udp } ct state new drop
  }
  chain prerouting { type nat hook prerouting priority -100;
    jump prerouting_miniupnpd
    ${isOpen ? `iifname "${wan}" meta l4proto { tcp, udp } dnat ip to ${openTo}` : ""}
  }
  chain postrouting { type nat hook postrouting priority 100;
    jump postrouting_miniupnpd
    oifname "${wan}" meta nfproto ipv4 snat ip to ${wanAddress}
  }
  chain prerouting_miniupnpd { }
  chain postrouting_miniupnpd { }
}
`,
    );
  }

  /** PCP is there wherever NAT-PMP is. */
  #configuration(base: string): string {
    const { ways, lan, wan, declaredAddress, networks } = this.#options;
    return `ext_ifname=${wan}
ext_ifname6=${wan}
ext_ip=${declaredAddress}
listening_ip=${lan}
enable_natpmp=${ways.includes("pcp") || ways.includes("nat-pmp") ? "yes" : "no"}
enable_upnp=${ways.includes("upnp") ? "yes" : "no"}
secure_mode=yes
system_uptime=no
upnp_table_name=home
upnp_nat_table_name=home
upnp_forward_chain=miniupnpd
upnp_nat_chain=prerouting_miniupnpd
upnp_nat_postrouting_chain=postrouting_miniupnpd
minissdpdsocket=${base}.sock
uuid=a3ac0a0e-6e0e-4826-944b-128c8c271d1e
${networks.map((network) => `allow 1024-65535 ${network} 1024-65535`).join("\n")}
deny 0-65535 0.0.0.0/0 0-65535
`;
  }
}
