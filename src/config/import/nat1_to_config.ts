import { type Endpoint, formatEndpoint } from "../../core/endpoint.ts";
import type { ForwardConfig, PublishConfig, TunnelConfig } from "../config.ts";
import { ANNOUNCE_NOTE, became, type ImportedConfig, leftOut } from "./config_text.ts";
import { NAT1_ADDRESSES, readNat1Address } from "./nat1_address.ts";
import { NAT1_TYPES, type Nat1Config, type Nat1Type, nat1TypeOf } from "./nat1_config.ts";
import { nat1Publishing } from "./nat1_publish.ts";

/**
 * Translates nat1_traversal's config.json; `unknownKeys` are told as left out. Secrets go into the configuration, as
 * they stood in the file, never into comments.
 *
 * @throws {SyntaxError} If nat1_traversal could not run with it: what is wrong, on one line.
 */
export function nat1ToConfig(nat1: Nat1Config, unknownKeys: readonly string[]): ImportedConfig {
  const type = nat1TypeOf(nat1.type);
  if (type === undefined) throw new SyntaxError(`type: "${nat1.type}" is none of its types`);
  const { protocol } = NAT1_TYPES[type];
  const forward = forwardOf(nat1, protocol);
  const publish = publishOf(nat1, type);
  const tunnel: TunnelConfig = {
    name: type,
    protocol,
    bind: bindOf(nat1, forward !== undefined),
    forward,
    publish: publish && [publish],
  };
  if (type === "udp" && forward === undefined) throw new SyntaxError("remote: the type udp needs one");
  return {
    source: "config.json of nat1_traversal",
    notes: [
      ANNOUNCE_NOTE,
      "Whether the server behind the port answers, porthole does not look at; the mapping is announced anyway.",
      'STUN servers are porthole\'s built-in ones, as nat1_traversal has its own: "stun" names others.',
    ],
    config: {},
    tunnels: [{
      notes: [
        ...notesOf(nat1, publish),
        ...unknownKeys.map((key) => leftOut(key, "nat1_traversal does not know it")),
      ],
      tunnel,
    }],
  };
}

function bindOf({ local }: Nat1Config, isForwarding: boolean): string | undefined {
  const endpoint = addressOf("local", local);
  if (!isForwarding && endpoint === undefined) {
    throw new SyntaxError(
      "local: it is missing, so the port to share is not known; it came by --local, perhaps",
    );
  }
  if (!isForwarding && endpoint?.port === 0) throw new SyntaxError("local: port 0 cannot be shared");
  return endpoint && formatEndpoint(endpoint);
}

function forwardOf(
  { remote, proxyProtocol }: Nat1Config,
  protocol: "tcp" | "udp",
): ForwardConfig | undefined {
  const target = addressOf("remote", remote);
  if (target === undefined) return undefined;
  return {
    target: formatEndpoint(target),
    proxyProtocol: proxyOf(proxyProtocol, protocol),
    // nat1_traversal never closes an idle TCP connection.
    idle: protocol === "tcp" ? "24h" : undefined,
  };
}

function proxyOf(text: string | undefined, protocol: "tcp" | "udp"): "v1" | "v2" | undefined {
  if (!text) return undefined;
  if (text !== "v1" && text !== "v2") throw new SyntaxError(`proxy_protocol: "${text}" is neither v1 nor v2`);
  if (protocol === "udp") throw new SyntaxError("proxy_protocol: only TCP has it");
  return text;
}

function publishOf(nat1: Nat1Config, type: Nat1Type): PublishConfig | undefined {
  const publishing = nat1Publishing(nat1, type);
  if (publishing.kind === "fault") throw new SyntaxError(`${publishing.key}: ${publishing.message}`);
  return publishing.kind === "entry" ? publishing.entry : undefined;
}

function notesOf(nat1: Nat1Config, publish: PublishConfig | undefined): readonly string[] {
  const { type, dns, id, token, domain, subDomain, local, remote, proxyProtocol, webhookStyle } = nat1;
  const places = publish && PLACES[publish.provider === "webhook" ? "webhook" : "dns"];
  const ofDns = (key: keyof typeof PLACES.webhook, value: string): string =>
    places === undefined
      ? leftOut(`${key} ${value}`, "nothing is published")
      : became(`${key} ${value}`, places[key]);
  return [
    became(`type ${type}`, '"protocol", and the SRV record where one is published'),
    publish === undefined ? leftOut(`dns ${dns}`, "nothing is published") : became(`dns ${dns}`, '"publish"'),
    ofDns("id", hidden(id)),
    ofDns("token", hidden(token)),
    ofDns("domain", shown(domain)),
    ofDns("sub_domain", shown(subDomain)),
    ...(publish === undefined || publish.provider === "webhook"
      ? [ofDns("webhook_style", webhookStyle)]
      : []),
    local
      ? became(`local ${local}`, '"bind"')
      : leftOut("local", "it is not given, so that any port is taken"),
    remote ? became(`remote ${remote}`, '"forward.target"') : leftOut("remote", "the server shares the port"),
    noteOfProxy(proxyProtocol, remote),
  ];
}

const KEPT_OUT = "env:NAME and file:PATH keep it out of this file";

/** What the keys about publishing became. */
const PLACES = {
  webhook: {
    id: `"publish[0].url"; ${KEPT_OUT}`,
    token: `"publish[0].token"; ${KEPT_OUT}`,
    domain: '"publish[0].domain"',
    sub_domain: '"publish[0].subDomain"',
    webhook_style: '"publish[0].style"',
  },
  dns: {
    id: '"publish[0].id", or "email" of Cloudflare',
    token: `"publish[0].token", or "key" beside an id; ${KEPT_OUT}`,
    domain: '"publish[0].zone"',
    sub_domain: 'the names in "publish[0]"',
    webhook_style: "nothing",
  },
} as const;

function noteOfProxy(proxyProtocol: string | undefined, remote: string | undefined): string {
  if (!proxyProtocol) return leftOut("proxy_protocol", "it is not given");
  const setting = `proxy_protocol ${proxyProtocol}`;
  return remote ? became(setting, '"forward.proxyProtocol"') : leftOut(setting, "nothing is forwarded");
}

function hidden(secret: unknown): string {
  return secret === undefined ? "null" : "***";
}

function shown(text: string): string {
  return text === "" ? '""' : text;
}

function addressOf(key: "local" | "remote", text: string | undefined): Endpoint | undefined {
  const reading = readNat1Address(text, NAT1_ADDRESSES[key]);
  if (reading.kind === "fault") throw new SyntaxError(`${key}: ${reading.message}`);
  return reading.kind === "none" ? undefined : reading.endpoint;
}
