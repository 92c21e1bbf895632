import { Secret } from "../../../../src/core/secret.ts";
import type { Family } from "../../../../src/core/endpoint.ts";
import { type Net, ResolveError } from "../../../../src/core/net.ts";
import { NetView } from "../../../../src/core/net_view.ts";
import type { TsigKey } from "../../../../src/dns/tsig.ts";
import { PortableNet } from "../../../../src/net/portable_net.ts";
import type { Rfc2136Options } from "../../../../src/publish/options.ts";
import type { RecordStore } from "../../../../src/publish/record_store.ts";
import { openRfc2136 } from "../../../../src/publish/rfc2136/rfc2136.ts";
import { FakeClock } from "../../../fakes/fake_clock.ts";
import { fakeRandom } from "../../../fakes/fake_random.ts";
import { UpdateServer } from "./update_server.ts";

/** Zone of the server. */
export const ZONE = "example.com";
/** Secret of its key, in base64. */
export const TSIG_SECRET: string = new TextEncoder().encode("rfc2136-SECRET-rfc2136-SECRET-32").toBase64();
/** Its key. */
export const TSIG_KEY: TsigKey = {
  name: "porthole.example",
  algorithm: "hmac-sha256",
  secret: Uint8Array.fromBase64(TSIG_SECRET),
};

/** Names that tests make up. */
class NamedNet extends NetView {
  readonly #names: ReadonlyMap<string, readonly string[]>;

  constructor(net: Net, names: ReadonlyMap<string, readonly string[]>) {
    super(net);
    this.#names = names;
  }

  override resolve(host: string, family: Family, signal?: AbortSignal): Promise<readonly string[]> {
    const found = this.#names.get(host);
    if (found === undefined) return super.resolve(host, family, signal);
    const ours = found.filter((one) => one.includes(":") === (family === 6));
    return ours.length > 0
      ? Promise.resolve(ours)
      : Promise.reject(new ResolveError(host, "no such address"));
  }
}

/** A server and a store that uses it, over loopback; the clock stands still. */
export interface Rfc2136Rig extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly server: UpdateServer;
  readonly store: RecordStore;
  readonly options: Rfc2136Options;
  /** What host names lead to. */
  readonly names: Map<string, readonly string[]>;
  /** Another store of the same server. */
  openStore(changes?: Partial<Rfc2136Options>): RecordStore;
}

/** Options for {@linkcode openRfc2136Rig}. */
export interface Rfc2136RigOptions {
  /** @default {"auto"} */
  readonly transport?: Rfc2136Options["transport"];
  /** @default {true} */
  readonly isSigned?: boolean;
}

/** Opens them. */
export function openRfc2136Rig({ transport = "auto", isSigned = true }: Rfc2136RigOptions = {}): Rfc2136Rig {
  const clock = new FakeClock();
  const sockets = new PortableNet({ clock });
  const names = new Map<string, readonly string[]>();
  const net = new NamedNet(sockets, names);
  const server = UpdateServer.open({
    zone: ZONE,
    key: isSigned ? TSIG_KEY : undefined,
    now: () => clock.date(),
  });
  const { name, algorithm } = TSIG_KEY;
  const options: Rfc2136Options = {
    ...{ provider: "rfc2136", zone: ZONE, records: [], transport },
    server: { host: server.endpoint.address, port: server.endpoint.port },
    tsig: isSigned ? { name, algorithm, secret: new Secret(TSIG_SECRET) } : undefined,
  };
  const random = fakeRandom();
  const openStore = (changes: Partial<Rfc2136Options> = {}): RecordStore =>
    openRfc2136({ ...options, ...changes }, { net, clock, random });
  return {
    ...{ clock, server, options, names, openStore },
    store: openStore(),
    async [Symbol.asyncDispose](): Promise<void> {
      await sockets[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
