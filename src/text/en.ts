import { statusEn } from "./status_texts.ts";
import { sharingEn } from "./sharing_texts.ts";
import { configEn } from "./config_texts.ts";
import { findEn } from "./find_texts.ts";
import { redirectEn } from "./redirect_texts.ts";
import { checkEn } from "./check_texts.ts";
import { lifetimeEn } from "./lifetime_texts.ts";
import { reachEn } from "./reach_texts.ts";
import { gatewayEn } from "./gateway_texts.ts";
import type { Texts } from "./texts.ts";

/** English. */
export const en: Texts = {
  lang: "en",
  startHere: `Porthole opens a public port behind a full-cone NAT and keeps it open.

  porthole open 3456 --test     open TCP port 3456 and serve a test page on it
  porthole open 3456            keep it open for your own service on port 3456
  porthole forward nas.lan:22   open a public port for a service anywhere in your network
  porthole demo                 see the whole story on this machine, without network
  porthole --help               every command; "porthole open --help" for its flags`,
  help: {
    program: "Opens a public TCP or UDP port behind a full-cone NAT and keeps it open.",
    open: "Keep a public port open for a service on this machine.",
    openLong:
      "Maps PORT to a public endpoint, prints that endpoint and each change of it, and repairs the mapping until " +
      "it is stopped. Something else serves the port, unless --test is given; on Linux a service that already " +
      "runs there keeps its port and shares it while porthole runs.",
    forward: "Keep a public port open and forward it to a target.",
    forwardLong:
      "Maps a local port to a public endpoint, as open does, and forwards what comes in to TARGET: HOST:PORT, " +
      "[V6]:PORT, or PORT alone for this machine. Every client is told of. Limits are per tunnel.",
    run: "Keep everything open that a configuration file names.",
    runLong:
      "Runs every tunnel of FILE until it is stopped. A changed file, or SIGHUP, is taken over without touching tunnels that did not change; a broken file changes nothing.",
    configFile:
      "Configuration file (JSON with comments). Default porthole.json here, else /etc/porthole/porthole.json.",
    socket: "Unix socket of the daemon. Default porthole.sock in the runtime directory.",
    status: "Show the tunnels of the running daemon.",
    watch: "Show it again with every change.",
    health: "Tell by the exit status whether the tunnels are open: for cron and HEALTHCHECK.",
    healthLong:
      "Exits with 0 if every tunnel (or NAME) is mapped and a STUN server confirmed it lately, 1 if not, 3 if no daemon runs.",
    healthName: "Only this tunnel.",
    maxAge: "How old the last confirmation may be. Default 90s.",
    verify: "Make the daemon look the mappings up now.",
    ping: "Report to a dead-man's switch: GET URL if healthy, URL/fail if not.",
    config: "Check a configuration, import one of another program, or print the JSON Schema.",
    configAction: "check, import or schema.",
    stun: "Ask STUN servers which public endpoint they see.",
    stunServer: "Be a STUN server (RFC 8489; RFC 5780 with --alternate).",
    demo: "Show the whole story on loopback: no root, no network.",
    ip4p: "Encode an IPv4 endpoint as an IP4P address, or decode one.",
    completions: "Print shell completions: bash, fish, nu, pwsh or zsh.",
    port: "Port to open: N, 0 for any, A-B in turn, A~B at random; with the local address before it.",
    target: "Where to: HOST:PORT, [V6]:PORT, or PORT alone for 127.0.0.1. Port 0 is the public port.",
    forwardPort: "Local port to map, as in open. Default 0 (any).",
    idle: "Close connections and sessions without traffic after this. Default 5m; UDP 90s.",
    method: "auto and relay carry the bytes; nftables lets the kernel do it (root). Default auto.",
    proxyProtocol: "Tell the target the client's address by a PROXY protocol header: v1 or v2.",
    transparent:
      "Connect to the target from the client's own address (root; the target must route back here).",
    congestion: "TCP congestion control towards clients, bbr for example.",
    allow: "Let in only these addresses, as CIDR; repeatable.",
    deny: "Never let in these addresses, as CIDR; repeatable.",
    maxClients: "Clients at a time in all.",
    perClient: "Connections at a time for each client address (IPv6: each /64).",
    perClientRate: "New connections per second for each client address (IPv6: each /64).",
    rate: "Bytes per second, both directions together: 500k, 2M, 1G.",
    tcp: "Open a TCP port (the default).",
    udp: "Open a UDP port; with --tcp, both.",
    ipv4: "Use IPv4 (the default).",
    ipv6: "Use IPv6.",
    stunServers: "STUN server instead of the built-in list; repeatable. Port 3478 unless given.",
    keepAlive:
      "Busy HTTP host that holds a TCP mapping open, instead of the built-in list; repeatable. Port 80 " +
      "unless given.",
    interval:
      "Time between keep-alives: 15s, 1500ms, 2m, or auto to measure it; a bare number is seconds. Default 15s.",
    interfaceName: "Network interface, or local address, to use.",
    mark: "Firewall mark of every packet (SO_MARK; needs CAP_NET_ADMIN).",
    exec: "Program to run with natmap's six arguments whenever the public endpoint changes.",
    name: "Name of the tunnel in events and logs. Default tcp-PORT or udp-PORT.",
    test: 'Serve a test page on the port (UDP: answer "It works!").',
    noReuse: "Leave the service on the port alone, even if its port cannot be shared then.",
    waitForService: "The service starts later: bind first and keep spare sockets; needs no privilege.",
    force: "Go on although the NAT was seen to shut strangers out.",
    json: "Print JSON, one object a line; logs too.",
    logLevel: "Least important log lines to show: debug, info, warn or error. Default info.",
    quiet: "Log errors only.",
    lang: "Language of the texts. Default from LC_ALL, LC_MESSAGES or LANG.",
    stunHosts: "STUN server to ask; without any, the built-in lists. Port 3478 unless given.",
    onlyTcp: "Ask over TCP only.",
    onlyUdp: "Ask over UDP only.",
    listen: "Address and port to listen on; repeatable. Default 0.0.0.0:3478.",
    alternate: "Second address for RFC 5780; its port is one above unless given.",
    ip4pValue: "203.0.113.10:14500, or 2001::38a4:cb00:710a.",
    help: "Show this help.",
    version: "Show the version.",
    usage: "Usage: ",
  },
  usage: {
    unexpected: (token) => `Unexpected "${token}"`,
    didYouMean: (names) => `did you mean ${names.join(" or ")}`,
    joiner: "; ",
    missingArgument: (metavar) => `${metavar} is missing`,
    missingValue: (option, metavar) => `${option} needs a value: ${metavar}`,
    repeated: (option) => `${option} was given twice; give it once`,
    noValue: (option) => `${option} takes no value`,
    seeHelp: (command) => `see "${command} --help"`,
    badPort: (text) => `Cannot use port "${text}": expected 0 to 65535, A-B or A~B with 1 <= A <= B`,
    badTarget: (text) =>
      `Cannot use target "${text}": expected HOST:PORT, [V6]:PORT, or PORT alone for 127.0.0.1`,
    badIdle: (text) => `Cannot use idle time "${text}": expected 30s, 5m or 12h, from 1s to 168h`,
    badCidr: (text) =>
      `Cannot use CIDR "${text}": expected ADDRESS/BITS such as 192.0.2.0/24, or one address`,
    badCount: (text) => `Cannot use count "${text}": expected 1 to 1000000`,
    badRate: (text) =>
      `Cannot use rate "${text}": expected bytes per second such as 500k, 2M or 1G, from 1000`,
    badCongestion: (text) =>
      `Cannot use congestion control "${text}": expected a name of up to 15 characters such as bbr`,
    proxyV1Udp: "--proxy-protocol v1 has no UDP; use v2",
    targetIsBind: (endpoint) =>
      `Cannot forward to ${endpoint}: it is the endpoint to bind itself; choose another --port`,
    badInterface: (text) =>
      `Cannot use interface "${text}": expected a name of up to 15 characters, or an IP address`,
    badHost: (text) => `Cannot use server "${text}": expected HOST or HOST:PORT, IPv6 as [ADDRESS]:PORT`,
    badEndpoint: (text) => `Cannot use endpoint "${text}": expected ADDRESS:PORT, IPv6 as [ADDRESS]:PORT`,
    badDuration: (text) => `Cannot use time "${text}": expected 15s, 1500ms or 2m, from 100ms to 1h`,
    badMark: (text) => `Cannot use mark "${text}": expected 0 to 4294967295, or 0x and hex digits`,
    badName: (text) =>
      `Cannot use name "${text}": expected 1 to 64 characters, none of them a control character`,
    badChoice: (text, choices) => `Cannot use "${text}": expected ${choices.join(", ")}`,
    badIp4p: (text) =>
      `Cannot use "${text}": expected an IPv4 endpoint such as 203.0.113.10:14500, or an IP4P ` +
      "address such as 2001::38a4:cb00:710a",
    noConfig: (files) => `No configuration: give one with -c FILE, or put it at ${files.join(" or ")}`,
    missingShell: (shells) => `SHELL is missing: one of ${shells.join(", ")}`,
    exclusive: (a, b) => `${a} and ${b} exclude each other; give one of them`,
    familyMismatch: (address, flag) => `Cannot use ${address} with ${flag}: it is of the other IP version`,
    interfaceMismatch: (bind, address) =>
      `Cannot bind ${bind} with --interface ${address}: give the local address once`,
    execMissing: (path) => `Cannot use script ${path}: there is no such file; check the path`,
    execIsNoFile: (path) => `Cannot use script ${path}: it is not a file; give the path of a program`,
    execNotExecutable: (path) => `Cannot use script ${path}: it is not executable; run chmod +x on it`,
    alternateNeedsOne: "--alternate goes with exactly one --listen; give one",
    alternateNeedsAddress: (listen) =>
      `Cannot use --alternate with --listen ${listen}: RFC 5780 needs a real address to name; give it`,
    alternateSameAddress: (alternate) =>
      `Cannot use --alternate ${alternate}: RFC 5780 needs a second address, and another port; give both`,
    alternateFamily: (alternate) =>
      `Cannot use --alternate ${alternate}: it is not of the IP version of --listen`,
  },
  line: {
    mapped: "mapped",
    changed: (previous) => `changed, was ${previous}`,
    lost: (reason) => `lost: ${reason}`,
    restored: "restored",
    unusable: (reason) => `unusable: ${reason}`,
    reachable: "reachable",
    unverified: (reason) => `not verified: ${reason}`,
    hookEnded: (command, status) => `hook ${command} ended with ${status}`,
    published: (provider) => `published by ${provider}`,
    publishFailed: (provider, reason) => `not published by ${provider}: ${reason}`,
    hookFailed: (command, reason) => `hook ${command} failed: ${reason}`,
    stopped: "stopped",
    clientOpened: (way) => `client came: ${way}`,
    clientClosed: (reason, amount) => `client went: ${reason}; ${amount}`,
    clientRefused: (reason) => `client refused: ${reason}`,
    clientAmount: (bytesIn, bytesOut) => `${bytesIn} in, ${bytesOut} out`,
    clientLasted: (amount, duration) => `${amount}, ${duration}`,
    moreClients: (hidden) => `${hidden} more lines about clients not shown`,
    clientReasons: {
      "eof": "finished",
      "idle": "idle",
      "stopped": "porthole stopped",
      "reset by client": "reset by client",
      "reset by target": "reset by target",
      "target refused": "the target refused",
      "target timed out": "the target did not answer",
      "target unreachable": "no way to the target",
      "target unknown": "the target's address is not known",
      "forwarder died": "the forwarder failed and starts again",
      "denied": "denied",
      "not allowed": "not on the allow list",
      "full": "too many clients",
      "too many connections from this address": "too many connections from this address",
      "too fast": "new connections come too fast",
    },
    testPage: (url) => `test page: ${url} (open it from another network, a phone for example)`,
    testDatagram: (endpoint) => `test: send any UDP datagram to ${endpoint}, it answers "It works!"`,
  },
  hint: {
    portInUse:
      "the port is in use by a program that does not share it; stop that program, choose another port (0 takes " +
      "any), or open a port for that very program with porthole forward PORT",
    portPrivileged:
      "ports below 1024 are for root; run as root, grant CAP_NET_BIND_SERVICE, or choose a port from " +
      "1024 up",
    addressNotHere: 'no interface of this machine has that address; look at "ip address" and correct it',
    noSuchInterface: 'there is no such network interface; look at "ip link" and correct --interface',
    notPermitted:
      "the system refuses; --mark, --interface NAME and --transparent need CAP_NET_ADMIN or root, and a local " +
      "firewall can refuse as well",
    noRoute: "there is no route to the internet; check the network, or the IP version (-4, -6)",
    resolve: "the name does not resolve; check its spelling and this machine's DNS",
    noStunServer: "no STUN server answered; check the network, or name other servers with --stun",
    tooManyFiles: 'too many open files; raise the limit ("ulimit -n")',
    notSupported: "this system cannot do that; see the README for what works where",
    bug: "this is a bug in porthole; please report it with the output of --log-level debug",
  },
  advice: {
    heading: "What can be done:",
    mapping: [
      "If the modem routes too (two NATs in a row), switch it to bridge mode so that your router dials itself.",
      "Run porthole on the router, or make this machine its DMZ host; turn off a proxy or VPN on the way.",
      "Ask the carrier for a public IPv4 address or full-cone NAT; IPv6 (-6) may work today.",
      "--force goes on all the same: only those whom this machine wrote to first will get in.",
    ],
    filtering: [
      "Make this machine the DMZ host of the router, or forward the port to it (UPnP or by hand): the router may " +
      "be what filters.",
      "If the modem routes too, switch it to bridge mode; or run porthole on the router itself.",
      "Look for a firewall on this machine and on the router; if there is none, it is the carrier: ask for " +
      "full-cone NAT or a public IPv4 address.",
      "--force goes on all the same and announces an endpoint that strangers cannot reach.",
    ],
  },
  stun: {
    columns: {
      server: "SERVER",
      protocol: "PROTO",
      reflexive: "REFLEXIVE ENDPOINT",
      rtt: "RTT",
      rfc5780: "RFC 5780",
      software: "SOFTWARE",
      notes: "NOTES",
    },
    yes: "yes",
    no: "no",
    failed: (reason) => `no answer: ${reason}`,
    noneAnswered: "No server answered; check the network, or name other servers",
    suspicions: {
      "fake-ip":
        "fake IP: a transparent proxy answers in place of the server; exempt UDP and TCP 3478 from it",
      "private": "private address: the server is behind the same NAT, or another NAT follows",
      "cgn": "carrier-internal address (100.64.0.0/10): another NAT follows",
      "loopback": "loopback address: the server runs on this machine",
      "link-local": "link-local address: not reachable from the internet",
      "unspecified": "not an address anyone can reach",
      "multicast": "not an address anyone can reach",
      "same-as-local": "same as the local endpoint: no NAT on the way",
      "other-family": "of the other IP version: something translates on the way",
    },
    listening: (endpoint) => `listening on ${endpoint}, UDP and TCP`,
    alternate: (endpoint) => `alternate ${endpoint} (RFC 5780)`,
  },
  page: {
    works: "It works!",
    lead: "You have reached this port from outside.",
    you: "You",
    name: "Tunnel",
    external: "Public endpoint",
    internal: "Internal endpoint",
    since: "Since",
    opening: "not known yet",
    next: "What next",
    steps: (internal) => [
      "If you opened this page from another network, strangers get in too.",
      `Stop this test, start your own service on ${internal}, and run porthole open without --test.`,
      "The public endpoint can change: let --exec run a program that tells the world.",
    ],
  },
  sharing: sharingEn,
  status: statusEn,
  config: configEn,
  reach: reachEn,
  lifetime: lifetimeEn,
  check: checkEn,
  redirect: redirectEn,
  find: findEn,
  gateway: gatewayEn,
};
