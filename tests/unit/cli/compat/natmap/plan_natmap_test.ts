import assert from "node:assert/strict";
import { planNatmap } from "../../../../../src/cli/compat/natmap/plan_natmap.ts";
import { readNatmapArgs } from "../../../../../src/config/import/natmap_args.ts";
import type { ServicePlan } from "../../../../../src/plan/service_plan.ts";
import type { TunnelPlan } from "../../../../../src/plan/tunnel_plan.ts";
import { GATEWAY_OFF } from "../../../../../src/gateway/settings.ts";

function servicePlan(line: string, script?: string): ServicePlan {
  const reading = readNatmapArgs(line.split(" "));
  return reading.kind === "args" ? planNatmap(reading.args, { script }) : assert.fail(reading.reason);
}

function plan(line: string, script?: string): TunnelPlan {
  const { tunnels: [tunnel, ...more] } = servicePlan(line, script);
  assert.equal(more.length, 0);
  return tunnel ?? assert.fail();
}

Deno.test("planNatmap() plans bind mode over TCP with nothing but the servers named", () => {
  assert.deepEqual(servicePlan("-s a -h b -b 80"), {
    tunnels: [{
      name: "natmap",
      protocol: "tcp",
      family: 4,
      port: { kind: "fixed", port: 80 },
      bindAddress: undefined,
      device: undefined,
      mark: undefined,
      stunServers: [{ host: "a", port: 3478 }],
      canaryServers: [{ host: "a", port: 3478 }],
      keepAliveHosts: [{ host: "b", port: 80 }],
      intervalMs: 30_000,
      lookupIntervalMs: 60_000,
      isForced: true,
      forward: undefined,
      servesTestPage: false,
      sharesPort: true,
      waitsForService: false,
      gateway: GATEWAY_OFF,
      hooks: [],
      publish: [],
    }],
    status: {},
  });
});

Deno.test("planNatmap() shares the port of a running service in bind mode only, and no port of a range", () => {
  const shares = (line: string): boolean => plan(`-s a -h b ${line}`).sharesPort;
  assert.deepEqual(["-b 80", "-b 80-90", "-b 0", "-b 80 -t 1.2.3.4 -p 5"].map(shares), [
    ...[true, false, false, false],
  ]);
});

Deno.test("planNatmap() plans forwarding over UDP without any HTTP host", () => {
  const { protocol, intervalMs, lookupIntervalMs, keepAliveHosts, forward } = plan(
    "-u -s a -b 443 -c 6 -t 10.0.0.2 -p 0 -i eth0 -f 010 -C bbr -T 60",
  );
  assert.deepEqual({ protocol, intervalMs, lookupIntervalMs, keepAliveHosts }, {
    protocol: "udp",
    intervalMs: 10_000,
    lookupIntervalMs: 60_000,
    keepAliveHosts: [],
  });
  assert.deepEqual(forward, {
    name: "natmap",
    protocol: "udp",
    target: { host: "10.0.0.2", port: 0 },
    method: "auto",
    idleMs: 60_000,
    connectTimeoutMs: 30_000,
    congestion: "bbr",
    isTransparent: false,
    access: { allow: [], deny: [] },
    device: "eth0",
    mark: 8,
  });
});

Deno.test("planNatmap() binds the device or the address of -i", () => {
  const byName = plan("-s a -h b -i eth0");
  assert.deepEqual([byName.device, byName.bindAddress], ["eth0", undefined]);
  const byAddress = plan("-6 -s a -h b -i 2001:db8::1");
  assert.deepEqual([byAddress.device, byAddress.bindAddress, byAddress.family], [
    undefined,
    "2001:db8::1",
    6,
  ]);
});

Deno.test("planNatmap() gives the script natmap's arguments and an hour", () => {
  const { hooks: [hook, ...more] } = plan("-s a -h b -e x.sh", "/opt/x.sh");
  assert.equal(more.length, 0);
  assert.deepEqual(hook?.run, ["/opt/x.sh"]);
  assert.equal(hook?.style, "natmap");
  assert.equal(hook?.timeoutMs, 3_600_000);
});

Deno.test("planNatmap() leaves what is announced to our checks of the NAT when --stun is given", () => {
  const { isForced, stunServers } = plan("-s a -h b --stun c");
  assert.ok(!isForced);
  assert.deepEqual(stunServers.map(({ host }) => host), ["a", "c"]);
});
