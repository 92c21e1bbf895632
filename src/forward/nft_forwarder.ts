import { type Endpoint, familyOf, formatEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import type { Platform } from "../core/platform.ts";
import { parseCidr } from "./cidr.ts";
import type { ClientRecord, Forwarder, ForwardSession } from "./forwarder.ts";
import { isUnspecified, NFT_TABLE, plain } from "./nft_expr.ts";
import { Nft, NftError, type NftListed, type RunProgram, runProgram } from "./nft_json.ts";
import { claimOwner, livingOwners, type NftOwner } from "./nft_owner.ts";
import { countFlows, droppingChains, gatherFacts, type HostView, hostView } from "./nft_probe.ts";
import {
  installCommands,
  installedTunnels,
  type NftTunnel,
  ownerOf,
  removeCommands,
  removeTableCommand,
  type TargetWay,
} from "./nft_ruleset.ts";
import { type NftKernel, NftSession } from "./nft_session.ts";
import { chooseWay, type MasqueradeChoice } from "./nft_way.ts";
import type { ForwardOptions } from "./options.ts";

/** Options for {@linkcode openNftForwarder}. */
export interface NftForwarderOptions {
  readonly platform: Platform;
  /** @default {runProgram} */
  readonly run?: RunProgram;
  /** @default {hostView} */
  readonly host?: HostView;
  /** @default {claimOwner} */
  readonly claim?: () => NftOwner;
  /** @default {"auto"} */
  readonly masquerade?: MasqueradeChoice;
}

/** Reloading a firewall often empties everybody's rules; so soon they are noticed and made again. */
const CHECK_EVERY_MS = 10_000;

/**
 * Forwards in the kernel: DNAT by nftables in a table of our own, `inet porthole`, whatever other processes of ours
 * have there left alone. What dead ones left behind is removed here at once.
 *
 * Weaker than the relay: clients are not told one by one, idle limits are conntrack's own, and refused ones are
 * counted by packet. Byte counts include IP and transport headers. The internal port must be held by a bound socket
 * (the keeper's), or somebody else may take it.
 *
 * @throws {NftError} "nft_unavailable" or "nft_permission".
 */
export async function openNftForwarder(options: NftForwarderOptions): Promise<Forwarder> {
  const { platform, run = runProgram, host = hostView, masquerade = "auto" } = options;
  const nft = new Nft(run);
  // Before the mark is claimed: this tells at once whether there is nft and whether we may use it.
  await nft.list("chains");
  const owner = (options.claim ?? ((): NftOwner => claimOwner(platform.random)))();
  const forwarder = new NftForwarder({ platform, run, host, masquerade, nft, owner });
  try {
    await forwarder.start();
    return forwarder;
  } catch (error) {
    owner[Symbol.dispose]();
    throw error;
  }
}

interface Parts {
  readonly platform: Platform;
  readonly run: RunProgram;
  readonly host: HostView;
  readonly masquerade: MasqueradeChoice;
  readonly nft: Nft;
  readonly owner: NftOwner;
}

/** The rules of one process: every change installs the whole state anew in one transaction. */
class NftForwarder implements Forwarder, NftKernel {
  readonly platform: Platform;
  readonly #parts: Parts;
  readonly #sessions = new Set<NftSession>();
  #queue: Promise<unknown> = Promise.resolve();
  #timer: Disposable | undefined;
  #lastNumber = 0;
  /** Whether the kernel has what {@linkcode install} was asked for last. */
  #isInstalled = true;
  #ending: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.platform = parts.platform;
  }

  async forward(
    internal: Endpoint,
    options: ForwardOptions,
    _onClient: (record: ClientRecord) => void,
  ): Promise<ForwardSession> {
    if (this.#ending) throw new TypeError("Cannot forward: the forwarder was disposed");
    refuseRelayOnly(options);
    const { name, protocol, device, mark, access } = options;
    const tunnel: NftTunnel = {
      id: `${this.#parts.owner.id}_t${++this.#lastNumber}`,
      name,
      protocol,
      internal,
      device,
      mark,
      access: { ...access, allow: access.allow.map(parseCidr), deny: access.deny.map(parseCidr) },
    };
    const session = new NftSession({ kernel: this, tunnel, target: options.target });
    await this.serially(async () => {
      await session.decide();
      if (this.#ending) throw new TypeError("Cannot forward: the forwarder was disposed meanwhile");
      this.#sessions.add(session);
      try {
        await this.install();
      } catch (error) {
        this.#sessions.delete(session);
        throw error;
      }
    });
    if (protocol === "udp") await this.#forgetFlows(tunnel, "stray");
    this.platform.log.info("Forwarding in the kernel; clients are not shown one by one", { tunnel: name });
    return session;
  }

  serially<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {});
    return result;
  }

  async install(): Promise<void> {
    const { nft, owner } = this.#parts;
    this.#isInstalled = false;
    const tunnels = [...this.#sessions].map(({ tunnel }) => tunnel);
    await nft.apply(installCommands(owner.id, tunnels, installedTunnels(await this.listCounters())));
    this.#isInstalled = true;
  }

  async chooseWay(target: Endpoint, tunnel: NftTunnel): Promise<TargetWay> {
    const { host, masquerade, nft } = this.#parts;
    const { net, log } = this.platform;
    const { internal, protocol, name } = tunnel;
    const facts = await gatherFacts(target, { net, host, internal, protocol, masquerade });
    const way = chooseWay(target, facts);
    const isOwn = way.kind === "redirect" ||
      facts.addresses.some(({ address }) => address === way.to.address);
    const hook = isOwn ? "input" : "forward";
    const dropping = droppingChains(await nft.list("chains"), hook);
    const fields = { tunnel: name, target: formatEndpoint(target) };
    if (dropping.length > 0) {
      log.warn(
        `Another ruleset drops by default what we ${hook === "input" ? "let in" : "forward"}; allow it there`,
        {
          ...fields,
          chains: dropping.join(", "),
        },
      );
    }
    if (way.kind === "dnat" && way.masquerade === "always") {
      log.info("Masquerading: the target sees this host's address instead of the clients'", fields);
    }
    return way;
  }

  async listCounters(): Promise<readonly NftListed[]> {
    return await this.#parts.nft.list(`counters table ${NFT_TABLE.family} ${NFT_TABLE.table}`);
  }

  async countActive(tunnel: NftTunnel): Promise<number | undefined> {
    const text = await this.#parts.host.readText("/proc/net/nf_conntrack");
    return text === undefined ? undefined : countFlows(text, tunnel.internal, tunnel.protocol);
  }

  async remove(session: NftSession): Promise<void> {
    await this.serially(async () => {
      if (!this.#sessions.delete(session)) return;
      const { id } = session.tunnel;
      const { owner } = this.#parts;
      if (this.#sessions.size === 0) {
        return void await this.#removeObjects((name) => ownerOf(name) === owner.id);
      }
      // First the rules that refer to it.
      await this.install();
      await this.#removeObjects((name) => name.startsWith(`${id}_`));
    });
    await this.#forgetFlows(session.tunnel, "translated");
  }

  /** Removes what dead processes of ours left behind: the whole table unless a living one has something in it. */
  async start(): Promise<void> {
    const { host, owner } = this.#parts;
    const living = new Set([...await livingOwners(host), owner.id]);
    const removed = await this.#removeObjects((name) => !living.has(ownerOf(name) ?? ""));
    if (removed > 0) {
      this.platform.log.info("Removed rules that an earlier run left behind", { objects: removed });
    }
    this.#schedule();
  }

  async #removeObjects(isOurs: (name: string) => boolean): Promise<number> {
    const { nft } = this.#parts;
    const listed = await nft.list(`table ${NFT_TABLE.family} ${NFT_TABLE.table}`);
    const ours = listed.filter(({ name }) => isOurs(name));
    if (ours.length === 0) return 0;
    // A process that comes to the table in this very moment would lose its rules and make them again at its next check.
    await nft.apply(ours.length === listed.length ? [removeTableCommand()] : removeCommands(ours));
    return ours.length;
  }

  /**
   * Makes conntrack forget flows of a tunnel, as far as there is a tool for it.
   *
   * @param which `stray` ones came before there was a rule, or by the rule of an earlier run: they would go past ours
   *   for as long as their clients keep sending. `translated` ones are ours and end with the rule.
   */
  async #forgetFlows({ internal, protocol }: NftTunnel, which: "stray" | "translated"): Promise<void> {
    const family = familyOf(internal.address) === 6 ? "ipv6" : "ipv4";
    const isAny = isUnspecified(internal.address);
    // By port alone, flows of this host towards others would be meant as well.
    if (isAny && which === "stray") return;
    const flows = ["-f", family, "-p", protocol, "--orig-port-dst", `${internal.port}`];
    if (!isAny) flows.push("--orig-dst", plain(internal.address));
    if (which === "translated") flows.push("--dst-nat");
    try {
      await this.#parts.run(["conntrack", "-D", ...flows]);
    } catch (error) {
      this.platform.log.debug("Flows are left to end by themselves", { reason: errorMessage(error) });
    }
  }

  #schedule(): void {
    this.#timer = this.platform.clock.schedule(CHECK_EVERY_MS, () => {
      void this.#check().finally(() => {
        if (!this.#ending) this.#schedule();
      });
    });
  }

  async #check(): Promise<void> {
    if (this.#sessions.size === 0) return;
    try {
      await this.serially(async () => {
        const counters = await this.listCounters();
        const sessions = [...this.#sessions];
        const isGone = sessions.some((session) => !session.takeCounters(counters));
        if (isGone) {
          this.platform.log.warn(
            "The rules were removed by somebody else (a firewall that was loaded again?)",
          );
        }
        let isChanged = isGone || !this.#isInstalled;
        for (const session of sessions) isChanged = await session.recheck() || isChanged;
        if (isChanged) await this.install();
      });
    } catch (error) {
      this.platform.log.warn("Cannot check the rules", { reason: errorMessage(error) });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    return this.#ending ??= this.#end();
  }

  async #end(): Promise<void> {
    try {
      await this.#queue;
      const endings = await Promise.allSettled(
        [...this.#sessions].map((session) => session[Symbol.asyncDispose]()),
      );
      for (const ending of endings) if (ending.status === "rejected") throw ending.reason;
    } finally {
      // Without the mark, what could not be removed is a leftover for the next start.
      this.#parts.owner[Symbol.dispose]();
    }
  }
}

/** @throws {NftError} "nft_unsupported" if something is asked for that only a relay can do. */
function refuseRelayOnly(options: ForwardOptions): void {
  const asked = [
    options.proxyProtocol !== undefined && "the PROXY protocol",
    options.isTransparent && "transparent connections",
    options.congestion !== undefined && "a congestion control",
    options.access.bytesPerSecond !== undefined && "a limit of bytes per second",
  ].filter((what) => what !== false);
  if (asked.length === 0) return;
  const what = asked.join(" and ");
  throw new NftError(
    "nft_unsupported",
    `Cannot forward ${options.name} in the kernel: ${what} can be had with the relay only`,
  );
}
