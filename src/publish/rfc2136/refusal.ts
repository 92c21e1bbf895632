import type { Rfc2136Options } from "../options.ts";
import { PublishError } from "../publisher.ts";
import type { DnsReply } from "./name_server.ts";

/** Options for {@linkcode refusal}. */
export interface RefusalOptions {
  /** What was asked of it. */
  readonly what: "update" | "query";
  /** For the words. */
  readonly zone: string;
  /** What it was signed with; its secret is not looked at. */
  readonly tsig: Rfc2136Options["tsig"];
  /** By this machine's clock. */
  readonly now: Date;
}

/** IANA, "DNS RCODEs". */
const NAMES: Readonly<Record<number, string>> = {
  1: "FORMERR",
  2: "SERVFAIL",
  3: "NXDOMAIN",
  4: "NOTIMP",
  5: "REFUSED",
  6: "YXDOMAIN",
  7: "YXRRSET",
  8: "NXRRSET",
  9: "NOTAUTH",
  10: "NOTZONE",
};
/** Trying again helps with nothing else. */
const PASSING: ReadonlySet<number> = new Set([2]);

/** What a server's refusal means, in words; permanent unless it passes by itself. Pure; shows no secret. */
export function refusal({ message, refusal: tsigRefusal }: DnsReply, options: RefusalOptions): PublishError {
  const { tsig, now } = options;
  if (tsigRefusal === undefined) {
    const reason = `${wordsOf(message.rcode, options)} (${NAMES[message.rcode] ?? `rcode ${message.rcode}`})`;
    return new PublishError("rfc2136", reason, { isPermanent: !PASSING.has(message.rcode) });
  }
  const { error, serverSeconds } = tsigRefusal;
  switch (error) {
    case "BADKEY":
      return permanent(
        `the server does not know the TSIG key ${tsig?.name} with ${tsig?.algorithm} (BADKEY)`,
      );
    case "BADSIG":
      return permanent(`the secret of the TSIG key ${tsig?.name} is not the server's (BADSIG)`);
    case "BADTIME":
      // A clock that NTP sets right later is the usual case.
      return new PublishError("rfc2136", `${clockWords(serverSeconds, now)} (BADTIME)`);
    default:
      return permanent(`the server does not take the TSIG signature (${error})`);
  }
}

function wordsOf(rcode: number, { what, zone, tsig }: RefusalOptions): string {
  switch (rcode) {
    case 1:
      return `the server could not read the ${what}`;
    case 2:
      return "the server failed";
    case 4:
      return what === "update" ? "the server takes no DNS updates" : "the server takes no such questions";
    case 5: {
      if (what === "query") return `the server refuses questions about zone ${zone}`;
      const who = tsig === undefined ? "without a TSIG key" : `with the TSIG key ${tsig.name}`;
      return `the server does not allow this update of zone ${zone} ${who}`;
    }
    case 9: {
      const isStranger = `the server is not authoritative for zone ${zone}`;
      // PowerDNS says so of a wrong secret, too, and signs nothing.
      return tsig === undefined
        ? isStranger
        : `${isStranger}, or does not take the TSIG key ${tsig.name} with this secret and ${tsig.algorithm}`;
    }
    case 10:
      return `the name is not in zone ${zone}`;
    default:
      return `the server refused the ${what}`;
  }
}

function clockWords(serverSeconds: number | undefined, now: Date): string {
  if (serverSeconds === undefined) return "this machine's clock is not the server's";
  const aheadSeconds = Math.round(now.getTime() / 1000 - serverSeconds);
  const side = aheadSeconds < 0 ? "behind" : "ahead of";
  return `this machine's clock is ${Math.abs(aheadSeconds)} s ${side} the server's`;
}

function permanent(reason: string): PublishError {
  return new PublishError("rfc2136", reason, { isPermanent: true });
}
