import { expandIpv4 } from "../../../config/import/short_ipv4.ts";
import { parseHostPort, parsePort } from "../../../core/endpoint.ts";

/** Whom `--query` asks. */
export type Nat1QueryHost =
  | {
    readonly kind: "host";
    /** Name or canonical address; empty: this very host. */
    readonly host: string;
    /** `undefined`: the usual one, or what SRV says. */
    readonly port: number | undefined;
  }
  /** In nat1_traversal's words. */
  | { readonly kind: "fault"; readonly message: string };

/** Reads `[HOST][:PORT]`, `V6`, `[V6]` or `[V6]:PORT`; port 0 is the usual one. */
export function readNat1QueryHost(text: string): Nat1QueryHost {
  const words = text.trim();
  const bracketed = /^(\[[^\]]*\])(?::(.*))?$/.exec(words);
  const isBareIpv6 = bracketed === null && words.split(":").length > 2;
  const [hostText = "", portText = ""] = bracketed?.slice(1) ?? (isBareIpv6 ? [words] : words.split(":"));
  const port = readPort(portText);
  if (typeof port === "string") return { kind: "fault", message: port };
  const host = hostText === "" ? "" : hostOf(hostText);
  if (host !== undefined) return { kind: "host", host, port: port === 0 ? undefined : port };
  return { kind: "fault", message: isBareIpv6 ? "地址格式错误，仅能有一个分隔符" : "IP格式错误" };
}

function hostOf(text: string): string | undefined {
  const short = /^[\d.]+$/.test(text) ? expandIpv4(text) : undefined;
  try {
    return parseHostPort(short ?? text, 0).host;
  } catch {
    // The caller has nat1_traversal's words for it.
    return undefined;
  }
}

/** @returns What is wrong, if it is no port. */
function readPort(text: string): number | string {
  if (text.trim() === "") return 0;
  if (!/^\s*[+-]?\d+\s*$/.test(text)) return "端口不是数字";
  return parsePort(`${Number(text)}`) ?? "端口应该在0-65535之间";
}
