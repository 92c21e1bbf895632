/** Servers and clients of other people that judge the lab's NATs, so that our report can be held against theirs. */
import { delay, systemClock } from "../../src/core/clock.ts";
import { STUN_ADDRESSES, STUN_PORT, V6 } from "./addresses.ts";
import { inNamespace } from "./command.ts";
import type { Lab } from "./lab.ts";
import { LineProcess } from "./line_process.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const START_LIMIT_MS = 15_000;

/** Addresses of the servers that are started here, two for each. */
const PAIRS = {
  stund: ["198.51.100.60", "198.51.100.61"],
  own: ["198.51.100.62", "198.51.100.63"],
  own6: ["2001:db8:100::62", "2001:db8:100::63"],
} as const;

/** Who offers RFC 5780, or what came before it: coturn, Debian's stund, `porthole stun-server`. */
export type StunKind = "coturn" | "stund" | "own" | "own6";

/** What somebody else found out; `undefined` is what they do not say. */
export interface OtherView {
  /** The words of RFC 4787; `dependent` where they do not tell which. */
  readonly mapping: "none" | "endpoint-independent" | "dependent" | "address-and-port-dependent" | undefined;
  readonly filtering:
    | "endpoint-independent"
    | "address-dependent"
    | "address-and-port-dependent"
    | undefined;
  readonly hairpins: boolean | undefined;
  /** Everything they said. */
  readonly text: string;
}

/** Debian's stund and our own STUN server in a lab's internet, besides its coturn. Disposing ends them. */
export class StunTools implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #processes: LineProcess[] = [];

  private constructor(lab: Lab) {
    this.#lab = lab;
  }

  /**
   * Starts the servers and waits until they listen.
   *
   * @throws {Error} If one does not.
   */
  static async open(lab: Lab): Promise<StunTools> {
    const tools = new StunTools(lab);
    try {
      await tools.#start();
      return tools;
    } catch (error) {
      await tools[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The address of a server; its port is {@linkcode STUN_PORT}. */
  addressOf(kind: StunKind): string {
    return kind === "coturn" ? STUN_ADDRESSES[0] : PAIRS[kind][0];
  }

  /** `--stun` for a server, and two that know nothing but Binding. */
  flagsFor(kind: StunKind): readonly string[] {
    const isV6 = kind === "own6";
    const plain = isV6 ? V6.stun : STUN_ADDRESSES.slice(2, 4);
    return [this.addressOf(kind), ...plain].flatMap((address) => [
      ...["--stun", isV6 ? `[${address}]:${STUN_PORT}` : `${address}:${STUN_PORT}`],
    ]);
  }

  /** Debian's `stun`, the client of RFC 3489, asks from this port and the one after it. */
  async askStunClient(server: string, port: number): Promise<OtherView> {
    const text = await this.#run(["stun", server, "-p", `${port}`]);
    const [, verdict = ""] = /^Primary: *(.*)$/m.exec(text) ?? [];
    return {
      mapping: /^Open/.test(verdict)
        ? "none"
        : /^Independent Mapping/.test(verdict)
        ? "endpoint-independent"
        : /^Dependent Mapping/.test(verdict)
        ? "dependent"
        : undefined,
      filtering: /Independent Filter/.test(verdict)
        ? "endpoint-independent"
        : /Address Dependent Filter/.test(verdict)
        ? "address-dependent"
        : /Port Dependent Filter/.test(verdict)
        ? "address-and-port-dependent"
        : undefined,
      hairpins: /will hairpin/.test(verdict) ? true : /no hairpin/.test(verdict) ? false : undefined,
      text,
    };
  }

  /** coturn's `turnutils_natdiscovery`, RFC 5780. */
  async askNatDiscovery(server: string): Promise<OtherView> {
    const text = await this.#run(["turnutils_natdiscovery", "-m", "-f", server]);
    return {
      mapping: /^NAT with Endpoint Independent Mapping/m.test(text)
        ? "endpoint-independent"
        : /^NAT with Address and Port Dependent Mapping/m.test(text)
        ? "address-and-port-dependent"
        : undefined,
      filtering: /^NAT with Endpoint Independent Filtering/m.test(text)
        ? "endpoint-independent"
        : /^NAT with Address Dependent Filtering/m.test(text)
        ? "address-dependent"
        : /^NAT with Address and Port Dependent Filtering/m.test(text)
        ? "address-and-port-dependent"
        : undefined,
      hairpins: undefined,
      text,
    };
  }

  async #start(): Promise<void> {
    const { names } = this.#lab;
    const addresses = Object.values(PAIRS).flat().map((address) =>
      address.includes(":") ? `address add ${address}/128 dev lo nodad` : `address add ${address}/32 dev lo`
    );
    await this.#lab.exec("internet", ["ip", "-batch", "-"], addresses.join("\n") + "\n");
    const [first, second] = PAIRS.stund;
    const commands = [
      ["stund", "-h", first, "-a", second],
      ...[PAIRS.own, PAIRS.own6].map(([listen, alternate]) => [
        ...[Deno.execPath(), "run", "-A", "--cached-only", MAIN, "stun-server"],
        ...["--listen", listen.includes(":") ? `[${listen}]:${STUN_PORT}` : `${listen}:${STUN_PORT}`],
        ...["--alternate", alternate],
      ]),
    ];
    for (const command of commands) {
      this.#processes.push(
        LineProcess.start(inNamespace(names.internet, command), { env: { DENO_NO_UPDATE_CHECK: "1" } }),
      );
    }
    await this.#listening();
  }

  async #listening(): Promise<void> {
    const wanted = Object.values(PAIRS).map(([address]) =>
      `${address.includes(":") ? `[${address}]` : address}:${STUN_PORT} `
    );
    const start = performance.now();
    for (;;) {
      const seen = await this.#lab.exec("internet", ["ss", "-Hlun"]);
      const missing = wanted.filter((endpoint) => !seen.includes(endpoint));
      if (missing.length === 0) return;
      const ended = this.#processes.find(({ status }) => status !== undefined);
      if (ended !== undefined || performance.now() - start > START_LIMIT_MS) {
        throw new Error(
          `Cannot start STUN servers: ${missing.join(", ")}: ${ended?.errorLines.join(" ") ?? "too slow"}`,
        );
      }
      await delay(systemClock, 30, this.#lab.signal);
    }
  }

  /** Their statuses say what they found, not whether they could look. */
  async #run(command: readonly string[]): Promise<string> {
    const lines: string[] = [];
    await using process = LineProcess.start(inNamespace(this.#lab.names.host, command), {
      onLine: (line) => lines.push(line),
    });
    await process.done;
    return [...lines, ...process.errorLines].join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((process) => process[Symbol.asyncDispose]()));
  }
}
