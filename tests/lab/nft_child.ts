/**
 * Runs the kernel forwarder inside a namespace of the lab, until the command line can: `deno run -A nft_child.ts
 * OPTIONS` with {@linkcode NftChildOptions} as JSON. Commands come as lines on standard input.
 *
 * ```text
 * retarget ADDRESS:PORT   tells another external endpoint
 * counters                prints the counters
 * ```
 * Its end is the end of standard input.
 */
import { systemClock } from "../../src/core/clock.ts";
import { type Endpoint, parseEndpoint, parseHostPort } from "../../src/core/endpoint.ts";
import { errorCode, errorMessage } from "../../src/core/errors.ts";
import type { Logger } from "../../src/core/log.ts";
import type { Protocol } from "../../src/core/mapping.ts";
import { systemRandom } from "../../src/core/random.ts";
import type { ForwardSession } from "../../src/forward/forwarder.ts";
import { openNftForwarder } from "../../src/forward/nft_forwarder.ts";
import type { AccessOptions } from "../../src/forward/options.ts";
import { openNet } from "../../src/net/open_net.ts";
import { TextLineStream } from "./text_lines.ts";

/** What the child is told to do. */
export interface NftChildOptions {
  readonly protocol: Protocol;
  /** `ADDRESS:PORT`. */
  readonly internal: string;
  readonly target: string;
  readonly external?: string;
  readonly access?: Partial<AccessOptions>;
}

/** A line of its output. */
export type NftChildLine =
  | { readonly what: "ready"; readonly target?: Endpoint }
  | { readonly what: "failed"; readonly code?: string; readonly message: string }
  | { readonly what: "log"; readonly message: string; readonly fields?: unknown }
  | { readonly what: "counters"; readonly counters: ForwardSession["counters"] };

function print(line: NftChildLine): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(line) + "\n"));
}

async function run(options: NftChildOptions): Promise<void> {
  const { protocol, internal, target, external, access = {} } = options;
  const tell = (message: string, fields?: unknown): void => print({ what: "log", message, fields });
  const log: Logger = { debug: tell, info: tell, warn: tell, error: tell };
  await using net = openNet({ log });
  await using forwarder = await openNftForwarder({
    platform: { net, log, clock: systemClock, random: systemRandom },
  });
  await using session = await forwarder.forward(parseEndpoint(internal), {
    name: `lab ${protocol}`,
    protocol,
    target: parseHostPort(target),
    method: "nftables",
    idleMs: 60_000,
    connectTimeoutMs: 10_000,
    isTransparent: false,
    access: { allow: [], deny: [], ...access },
  }, () => {});
  if (external !== undefined) session.retarget(parseEndpoint(external));
  print({ what: "ready", ...(session.target === undefined ? {} : { target: session.target }) });
  for await (const line of Deno.stdin.readable.pipeThrough(new TextLineStream())) {
    const [command, endpoint = ""] = line.split(" ");
    if (command === "retarget") session.retarget(parseEndpoint(endpoint));
    else print({ what: "counters", counters: session.counters });
  }
}

if (import.meta.main) {
  run(JSON.parse(Deno.args[0] ?? "{}")).catch((error) => {
    const code = errorCode(error);
    print({ what: "failed", message: errorMessage(error), ...(code === undefined ? {} : { code }) });
    Deno.exitCode = 1;
  });
}
