import { errorMessage } from "../../core/errors.ts";
import type { PublishConfig, TunnelConfig } from "../config.ts";
import type { CloudflareConfig } from "../publish/cloudflare_config.ts";
import type { RecordConfig } from "../publish/record_config.ts";
import { ANNOUNCE_NOTE, became, type ImportedConfig, leftOut } from "./config_text.ts";

/** Keys of cf-aio.conf, in the order of its template; `null` or absent turns a thing off. */
export const CF_AIO_KEYS = [
  "cf_email",
  "cf_key",
  "direct_host",
  "redirect_to_https",
  "redirect_host",
  "srv_host",
  "srv_name",
  "pot_service_host",
  "pot_service_key",
] as const;

type CfAioKey = typeof CF_AIO_KEYS[number];

/** TTL of the script's records. */
const TTL_SECONDS = 120;

/**
 * Translates cf-aio.conf, the configuration of the POT scripts' cf-aio.py: one tunnel with what it publishes. What is
 * forwarded stood on Natter's command line.
 *
 * @throws {SyntaxError} If the script could not run with it: what is wrong, on one line; shows no key.
 */
export function readCfAio(text: string): ImportedConfig {
  const values = readValues(text);
  const of = (key: CfAioKey): string | undefined => {
    const value = values.get(key);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const email = of("cf_email");
  const key = of("cf_key");
  if (email === undefined || key === undefined) throw new SyntaxError("cf_email and cf_key: both are needed");
  const service = of("pot_service_key") ?? "ssh";
  const publish = publishOf({ email, key, of, isHttps: values.get("redirect_to_https") === true, service });
  const tunnel: TunnelConfig = { name: service, protocol: "tcp", publish: [publish] };
  return {
    source: "cf-aio.conf of the POT scripts",
    notes: [
      ANNOUNCE_NOTE,
      'What is forwarded stood on Natter\'s command line (-t, -p, -u): write it as "forward", "bind" and "protocol".',
      "A TXT record that is not of this kind is refused, where cf-aio.py would overwrite it.",
    ],
    config: {},
    tunnels: [{ notes: notesOf(values, of), tunnel }],
  };
}

interface PublishParts {
  readonly email: string;
  readonly key: string;
  readonly of: (key: CfAioKey) => string | undefined;
  readonly isHttps: boolean;
  readonly service: string;
}

function publishOf({ email, key, of, isHttps, service }: PublishParts): PublishConfig {
  const direct = of("direct_host");
  const redirect = of("redirect_host");
  const host = of("srv_host");
  const label = of("srv_name");
  const pot = of("pot_service_host");
  const ttl = TTL_SECONDS;
  const records: readonly RecordConfig[] = [
    ...(direct === undefined ? [] : [{ type: "A", name: direct, ttl } as const]),
    ...(redirect === undefined ? [] : [{ type: "A", name: redirect, ttl, proxied: true } as const]),
    ...(host === undefined || label === undefined ? [] : [
      { type: "A", name: host, ttl } as const,
      { type: "SRV", name: host, ttl, service: `${label}._tcp`, priority: 1, weight: 10 } as const,
    ]),
    ...(pot === undefined ? [] : [{ type: "TXT", name: pot, ttl, pot: service } as const]),
  ];
  const common: CloudflareConfig = { provider: "cloudflare", email, key };
  if (records.length === 0) throw new SyntaxError("every host in it is turned off");
  const isRedirecting = redirect !== undefined && direct !== undefined;
  const scheme = isHttps ? "https" : "http";
  return {
    ...common,
    records,
    redirect: isRedirecting ? [{ host: redirect, to: direct, scheme }] : undefined,
  };
}

const PLACES: Readonly<Record<CfAioKey, string>> = {
  cf_email: '"publish[0].email"',
  cf_key: '"publish[0].key"; env:NAME and file:PATH keep it out of this file',
  direct_host: "an A record",
  redirect_to_https: '"scheme" of the redirect',
  redirect_host: "a proxied A record, and a redirect where direct_host is given",
  srv_host: "an A and an SRV record",
  srv_name: '"service" of the SRV record',
  pot_service_host: "a TXT record",
  pot_service_key: '"pot" of the TXT record, and the name of the tunnel',
};

function notesOf(
  values: ReadonlyMap<string, unknown>,
  of: (key: CfAioKey) => string | undefined,
): readonly string[] {
  const known = CF_AIO_KEYS.map((key) => {
    const value = key === "cf_key" ? "***" : of(key) ?? String(values.get(key) ?? "null");
    const isUsed = of(key) !== undefined || values.get(key) === true;
    return isUsed ? became(`${key} ${value}`, PLACES[key]) : leftOut(`${key} ${value}`, "it is turned off");
  });
  const others = [...values.keys()].filter((key) => !CF_AIO_KEYS.some((name) => name === key));
  return [...known, ...others.map((key) => leftOut(key, "cf-aio.py does not know it"))];
}

function readValues(text: string): ReadonlyMap<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    // Only the place: the parser quotes what stands there, which may be the key.
    const [place = ""] = /\(line \d+ column \d+\)/.exec(errorMessage(error)) ?? [];
    throw new SyntaxError(`it is no JSON ${place}`.trim());
  }
  if (typeof parsed !== "object" || parsed === null) throw new SyntaxError("it is no JSON object");
  return new Map(Object.entries(parsed));
}
