import { silentLogger } from "../../src/core/log.ts";
import type { Logger } from "../../src/core/log.ts";
import type { Net } from "../../src/core/net.ts";
import { withFdCheck } from "../leak.ts";
import { datagramContract } from "./net_datagram_contract.ts";
import { hostContract } from "./net_host_contract.ts";
import { streamContract } from "./net_stream_contract.ts";

/** An implementation under test. */
export interface NetSubject {
  /** For test names. */
  readonly name: string;
  /** What it claims; tests that it cannot pass are skipped by this. */
  readonly capability: Net["capability"];
  open(log: Logger): Net;
}

/** Registers one test; the net is fresh and is closed afterwards, and no descriptor may remain. */
export type NetTest = (name: string, run: (net: Net) => Promise<void>, options?: NetTestOptions) => void;

/** Options for {@linkcode NetTest}. */
export interface NetTestOptions {
  /** Skipped, by name, where ports cannot be shared. @default {"portable"} */
  readonly needs?: Net["capability"];
}

/** Runs the suite that every `Net` has to pass. */
export function netContract(subject: NetSubject): void {
  const test: NetTest = (name, run, options = {}) => {
    const isBeyond = options.needs === "full" && subject.capability !== "full";
    Deno.test({
      name: `${subject.name}.${name}${isBeyond ? " (skipped: needs shared ports)" : ""}`,
      ignore: isBeyond,
      fn: () =>
        withFdCheck(async () => {
          await using net = subject.open(silentLogger);
          await run(net);
        }),
    });
  };
  datagramContract(test);
  streamContract(test);
  hostContract(test);
}
