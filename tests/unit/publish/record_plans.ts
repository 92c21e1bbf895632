import type { MappedEvent } from "../../../src/core/mapping.ts";
import type { RecordPlan } from "../../../src/publish/options.ts";
import { mapped } from "./webhook_rig.ts";

/** A plan with a TTL of 60 s. */
export function aPlan(name = "direct.example.com"): RecordPlan {
  return { type: "A", name, ttlSeconds: 60 };
}

export function aaaaPlan(name = "wg.example.com"): RecordPlan {
  return { type: "AAAA", name, ttlSeconds: 60 };
}

export function srvPlan(name = "_minecraft._tcp.mc.example.com"): RecordPlan {
  return { type: "SRV", name, ttlSeconds: 60, priority: 10, weight: 0, target: "mc.example.com" };
}

export function potPlan(key = "ssh_tcp", name = "pot.example.com"): RecordPlan {
  return { type: "TXT", name, ttlSeconds: 60, content: { kind: "pot", key } };
}

export function textPlan(template: string, name = "txt.example.com"): RecordPlan {
  return { type: "TXT", name, ttlSeconds: 60, content: { kind: "template", template } };
}

export function httpsPlan(alpn: readonly string[] = []): RecordPlan {
  return { type: "HTTPS", name: "www.example.com", ttlSeconds: 60, priority: 1, target: ".", alpn };
}

/** News of an IPv6 mapping. */
export function mapped6(): MappedEvent {
  return {
    ...mapped(14_500, "2001:db8::10"),
    internal: { address: "2001:db8::10", port: 3456 },
  };
}
