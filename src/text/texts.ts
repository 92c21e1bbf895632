import { en } from "./en.ts";
import type { Lang } from "./lang.ts";
import type { StatusTexts } from "./status_texts.ts";
import type { SharingTexts } from "./sharing_texts.ts";
import type { ConfigTexts } from "./config_texts.ts";
import type { FindTexts } from "./find_texts.ts";
import type { RedirectTexts } from "./redirect_texts.ts";
import type { CheckTexts } from "./check_texts.ts";
import type { LifetimeTexts } from "./lifetime_texts.ts";
import type { ReachTexts } from "./reach_texts.ts";
import type { GatewayTexts } from "./gateway_texts.ts";
import { zhCn } from "./zh_cn.ts";

/** What `--help` says about commands, arguments and flags. */
export interface HelpTexts {
  readonly program: string;
  readonly open: string;
  readonly openLong: string;
  readonly forward: string;
  readonly forwardLong: string;
  readonly run: string;
  readonly runLong: string;
  readonly configFile: string;
  readonly socket: string;
  readonly status: string;
  readonly watch: string;
  readonly health: string;
  readonly healthLong: string;
  readonly healthName: string;
  readonly maxAge: string;
  readonly verify: string;
  readonly ping: string;
  readonly config: string;
  readonly configAction: string;
  readonly stun: string;
  readonly stunServer: string;
  readonly demo: string;
  readonly ip4p: string;
  readonly completions: string;
  readonly port: string;
  readonly target: string;
  readonly forwardPort: string;
  readonly idle: string;
  readonly method: string;
  readonly proxyProtocol: string;
  readonly transparent: string;
  readonly congestion: string;
  readonly allow: string;
  readonly deny: string;
  readonly maxClients: string;
  readonly perClient: string;
  readonly perClientRate: string;
  readonly rate: string;
  readonly tcp: string;
  readonly udp: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly stunServers: string;
  readonly keepAlive: string;
  readonly interval: string;
  readonly interfaceName: string;
  readonly mark: string;
  readonly exec: string;
  readonly name: string;
  readonly test: string;
  readonly noReuse: string;
  readonly waitForService: string;
  readonly force: string;
  readonly json: string;
  readonly logLevel: string;
  readonly quiet: string;
  readonly lang: string;
  readonly stunHosts: string;
  readonly onlyTcp: string;
  readonly onlyUdp: string;
  readonly listen: string;
  readonly alternate: string;
  readonly ip4pValue: string;
  readonly help: string;
  readonly version: string;
  /** Before the synopsis. */
  readonly usage: string;
}

/** One line on stderr for each mistake on the command line; the current value is part of it. */
export interface UsageTexts {
  readonly unexpected: (token: string) => string;
  readonly didYouMean: (names: readonly string[]) => string;
  /** Between the parts of one line. */
  readonly joiner: string;
  readonly missingArgument: (metavar: string) => string;
  readonly missingValue: (option: string, metavar: string) => string;
  readonly repeated: (option: string) => string;
  readonly noValue: (option: string) => string;
  readonly seeHelp: (command: string) => string;
  readonly badPort: (text: string) => string;
  readonly badTarget: (text: string) => string;
  readonly badIdle: (text: string) => string;
  readonly badCidr: (text: string) => string;
  readonly badCount: (text: string) => string;
  readonly badRate: (text: string) => string;
  readonly badCongestion: (text: string) => string;
  readonly proxyV1Udp: string;
  readonly targetIsBind: (endpoint: string) => string;
  readonly badInterface: (text: string) => string;
  readonly badHost: (text: string) => string;
  readonly badEndpoint: (text: string) => string;
  readonly badDuration: (text: string) => string;
  readonly badMark: (text: string) => string;
  readonly badName: (text: string) => string;
  readonly badChoice: (text: string, choices: readonly string[]) => string;
  readonly badIp4p: (text: string) => string;
  /** No configuration was named, and there is none in these places. */
  readonly noConfig: (files: readonly string[]) => string;
  readonly missingShell: (shells: readonly string[]) => string;
  readonly exclusive: (a: string, b: string) => string;
  readonly familyMismatch: (address: string, flag: string) => string;
  readonly interfaceMismatch: (bind: string, address: string) => string;
  readonly execMissing: (path: string) => string;
  readonly execIsNoFile: (path: string) => string;
  readonly execNotExecutable: (path: string) => string;
  readonly alternateNeedsOne: string;
  readonly alternateNeedsAddress: (listen: string) => string;
  readonly alternateSameAddress: (alternate: string) => string;
  readonly alternateFamily: (alternate: string) => string;
}

/** Lines of `open` for people, without the time and the endpoints before them. */
export interface LineTexts {
  readonly mapped: string;
  readonly changed: (previous: string) => string;
  readonly lost: (reason: string) => string;
  readonly restored: string;
  readonly unusable: (reason: string) => string;
  readonly reachable: string;
  readonly unverified: (reason: string) => string;
  readonly hookEnded: (command: string, status: number) => string;
  readonly hookFailed: (command: string, reason: string) => string;
  readonly published: (provider: string) => string;
  readonly publishFailed: (provider: string, reason: string) => string;
  readonly stopped: string;
  /** A client came; `way` is from our endpoint to the target, empty if it got nowhere. */
  readonly clientOpened: (way: string) => string;
  /** It went; `amount` is a {@linkcode LineTexts.clientLasted}. */
  readonly clientClosed: (reason: string, amount: string) => string;
  readonly clientRefused: (reason: string) => string;
  /** Bytes from and to the client, with units. */
  readonly clientAmount: (bytesIn: string, bytesOut: string) => string;
  /** An amount, and how long it took. */
  readonly clientLasted: (amount: string, duration: string) => string;
  readonly moreClients: (hidden: string) => string;
  /** Why clients went or were refused, by the reason of the event. */
  readonly clientReasons: Readonly<Record<ClientReason, string>>;
  readonly testPage: (url: string) => string;
  readonly testDatagram: (endpoint: string) => string;
}

/** Reasons of `client` events that have words of their own; others are shown as they are. */
export type ClientReason =
  | "eof"
  | "idle"
  | "stopped"
  | "reset by client"
  | "reset by target"
  | "target refused"
  | "target timed out"
  | "target unreachable"
  | "target unknown"
  | "forwarder died"
  | "denied"
  | "not allowed"
  | "full"
  | "too many connections from this address"
  | "too fast";

/** What to do about a fault; follows what the system said, on the same line. */
export interface HintTexts {
  readonly portInUse: string;
  readonly portPrivileged: string;
  readonly addressNotHere: string;
  readonly noSuchInterface: string;
  readonly notPermitted: string;
  readonly noRoute: string;
  readonly resolve: string;
  readonly noStunServer: string;
  readonly tooManyFiles: string;
  readonly notSupported: string;
  readonly bug: string;
}

/** What the user can change when the NAT shuts strangers out. */
export interface AdviceTexts {
  /** Mapping differs for each destination (symmetric NAT). */
  readonly mapping: readonly string[];
  /** Only those who were written to get in. */
  readonly filtering: readonly string[];
  readonly heading: string;
}

/** Texts of `stun` and `stun-server`. */
export interface StunTexts {
  readonly columns: {
    readonly server: string;
    readonly protocol: string;
    readonly reflexive: string;
    readonly rtt: string;
    readonly rfc5780: string;
    readonly software: string;
    readonly notes: string;
  };
  readonly yes: string;
  readonly no: string;
  readonly noneAnswered: string;
  /** A server that gave nothing. */
  readonly failed: (reason: string) => string;
  /** Notes about an answer, by suspicion. */
  readonly suspicions: Readonly<Record<StunNote, string>>;
  readonly listening: (endpoint: string) => string;
  readonly alternate: (endpoint: string) => string;
}

/** What can be odd about a STUN answer; each has a text. */
export type StunNote =
  | "fake-ip"
  | "private"
  | "cgn"
  | "loopback"
  | "link-local"
  | "unspecified"
  | "multicast"
  | "same-as-local"
  | "other-family";

/** Texts of the test page. */
export interface PageTexts {
  readonly works: string;
  readonly lead: string;
  readonly you: string;
  readonly name: string;
  readonly external: string;
  readonly internal: string;
  readonly since: string;
  readonly opening: string;
  readonly next: string;
  readonly steps: (internal: string) => readonly string[];
}

/** Everything people read, in one language. */
export interface Texts {
  readonly lang: Lang;
  /** What `porthole` without arguments prints. */
  readonly startHere: string;
  readonly help: HelpTexts;
  readonly usage: UsageTexts;
  readonly line: LineTexts;
  readonly hint: HintTexts;
  readonly sharing: SharingTexts;
  readonly advice: AdviceTexts;
  readonly stun: StunTexts;
  readonly page: PageTexts;
  readonly config: ConfigTexts;
  readonly reach: ReachTexts;
  readonly lifetime: LifetimeTexts;
  readonly check: CheckTexts;
  readonly redirect: RedirectTexts;
  readonly find: FindTexts;
  readonly gateway: GatewayTexts;
  readonly status: StatusTexts;
}

/** The catalogue of a language. */
export function textsOf(lang: Lang): Texts {
  return lang === "zh-CN" ? zhCn : en;
}
