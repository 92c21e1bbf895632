import assert from "node:assert/strict";
import fc from "fast-check";
import type { Config, TunnelConfig } from "../../../src/config/config.ts";
import { formatFault } from "../../../src/config/config_fault.ts";
import { parseConfig } from "../../../src/config/parse_config.ts";
import { Secret } from "../../../src/core/secret.ts";
import { GATEWAY_AUTO } from "../../../src/gateway/settings.ts";
import { planService } from "../../../src/plan/plan_service.ts";
import type { ServicePlan } from "../../../src/plan/service_plan.ts";

const defaults = {
  stunTcp: [{ host: "tcp.stun", port: 3478 }],
  stunUdp: [{ host: "udp.stun", port: 3478 }],
  keepAliveHosts: [{ host: "http", port: 80 }],
};
const options = { defaults, baseDirectory: "/etc/p", secretOf: (text: string): Secret => new Secret(text) };

function planned(config: Config): ServicePlan {
  const planning = planService(config, options);
  assert.ok(planning.kind === "plan", JSON.stringify(planning));
  return planning.plan;
}

/** Faults of tunnels that stand on lines 2, 3, …, without columns; `others` stands behind them. */
function faultsOf(tunnels: readonly TunnelConfig[], others: Partial<Config> = {}): readonly string[] {
  const lines = tunnels.map((tunnel) => JSON.stringify(tunnel)).join(",\n");
  const text = `{"tunnels": [\n${lines}\n],\n${JSON.stringify({ $schema: "x", ...others }).slice(1)}`;
  const parsed = parseConfig(text);
  assert.ok(parsed.kind === "config", JSON.stringify(parsed));
  const planning = planService(parsed.config, { ...options, placeOf: parsed.source.placeOf });
  return planning.kind === "plan"
    ? []
    : planning.faults.map((fault) => formatFault(fault).replace(/^(\d+):\d+/, "$1"));
}

Deno.test("planService() fills in every default", () => {
  const { tunnels, status, state } = planned({ tunnels: [{ bind: 3456, forward: { target: 22 } }] });
  assert.deepEqual(tunnels, [{
    name: "tcp-3456",
    protocol: "tcp",
    family: 4,
    bindAddress: undefined,
    port: { kind: "fixed", port: 3456 },
    device: undefined,
    mark: undefined,
    stunServers: defaults.stunTcp,
    canaryServers: defaults.stunUdp,
    keepAliveHosts: defaults.keepAliveHosts,
    intervalMs: 15_000,
    lookupIntervalMs: 60_000,
    isForced: false,
    servesTestPage: false,
    sharesPort: false,
    waitsForService: false,
    gateway: GATEWAY_AUTO,
    hooks: [],
    publish: [],
    forward: {
      name: "tcp-3456",
      protocol: "tcp",
      target: { host: "127.0.0.1", port: 22 },
      method: "auto",
      idleMs: 300_000,
      connectTimeoutMs: 10_000,
      congestion: undefined,
      proxyProtocol: undefined,
      isTransparent: false,
      access: {
        allow: [],
        deny: [],
        perClient: undefined,
        perClientPerSecond: undefined,
        maxSessions: undefined,
        bytesPerSecond: undefined,
      },
      device: undefined,
      mark: undefined,
    },
  }]);
  assert.deepEqual(status, { file: undefined, socket: undefined, listen: undefined, token: undefined });
  assert.equal(state, undefined);
});

Deno.test("planService() takes what the file says, and the tunnel's word before the file's", () => {
  const { tunnels: [web, game] } = planned({
    stun: { tcp: ["a"], udp: ["b:5"], interval: "2m" },
    keepAlive: { tcp: ["c:8080"], interval: "5s" },
    tunnels: [
      { name: "web", interface: "eth0", mark: "0x10", force: true, test: true },
      {
        name: "game",
        protocol: "udp",
        bind: "[::]:5-9",
        stun: ["d"],
        keepAlive: ["e"],
        interval: "1500ms",
        lookupInterval: "30",
        mark: 7,
        forward: {
          target: "nas.lan:0",
          method: "relay",
          proxyProtocol: "v2",
          transparent: true,
          congestion: "bbr",
          idle: "12h",
          connectTimeout: "3s",
          allow: ["192.0.2.7/24"],
          deny: ["2001:DB8::/32"],
          maxClients: 1,
          perClient: 2,
          perClientRate: 3,
          rate: "1.5M",
        },
      },
    ],
  });
  assert.deepEqual(web?.stunServers, [{ host: "a", port: 3478 }]);
  assert.deepEqual(web?.canaryServers, [{ host: "b", port: 5 }]);
  assert.deepEqual(web?.keepAliveHosts, [{ host: "c", port: 8080 }]);
  assert.deepEqual([web?.intervalMs, web?.lookupIntervalMs], [5000, 120_000]);
  assert.deepEqual([web?.device, web?.mark, web?.isForced, web?.servesTestPage], ["eth0", 16, true, true]);
  assert.deepEqual(game?.stunServers, [{ host: "d", port: 3478 }]);
  assert.deepEqual(game?.canaryServers, [{ host: "d", port: 3478 }]);
  assert.deepEqual(game?.keepAliveHosts, [{ host: "e", port: 80 }]);
  assert.deepEqual([game?.intervalMs, game?.lookupIntervalMs, game?.mark], [1500, 30_000, 7]);
  assert.deepEqual([game?.family, game?.bindAddress], [6, undefined]);
  assert.deepEqual(game?.port, { kind: "in-turn", first: 5, last: 9 });
  assert.deepEqual(game?.forward, {
    name: "game",
    protocol: "udp",
    target: { host: "nas.lan", port: 0 },
    method: "relay",
    idleMs: 43_200_000,
    connectTimeoutMs: 3000,
    congestion: "bbr",
    proxyProtocol: "v2",
    isTransparent: true,
    access: {
      allow: ["192.0.2.0/24"],
      deny: ["2001:db8::/32"],
      perClient: 2,
      perClientPerSecond: 3,
      maxSessions: 1,
      bytesPerSecond: 1_500_000,
    },
    device: undefined,
    mark: 7,
  });
});

Deno.test("planService() shares the port of a service unless told not to, and refuses to wait where it serves itself", () => {
  const { tunnels } = planned({
    tunnels: [{ bind: 1 }, { bind: 2, reuse: false }, { bind: 3, waitForService: true }, {
      bind: 4,
      test: true,
    }],
  });
  assert.deepEqual(tunnels.map(({ sharesPort, waitsForService }) => [sharesPort, waitsForService]), [
    ...[[true, false], [false, false], [true, true], [false, false]],
  ]);
  assert.match(
    faultsOf([{ bind: 5, test: true, waitForService: true }]).join(),
    /waits for no service/,
  );
});

Deno.test("planService() names tunnels as the command line does", () => {
  const { tunnels } = planned({
    tunnels: [
      {},
      { protocol: "udp", bind: 53 },
      { bind: "5000~5009" },
      { forward: { target: "a:443" } },
      { protocol: "udp", forward: { target: "a:0" } },
      { bind: 8, forward: { target: 9 } },
    ],
  });
  assert.deepEqual(tunnels.map(({ name }) => name), [
    "tcp-any",
    "udp-53",
    "tcp-5000~5009",
    "tcp-443",
    "udp-any",
    "tcp-8",
  ]);
});

Deno.test("planService() joins address, interface and family", () => {
  const of = (tunnel: TunnelConfig): readonly unknown[] => {
    const plan = planned({ tunnels: [tunnel] }).tunnels[0];
    return [plan?.family, plan?.bindAddress, plan?.device];
  };
  assert.deepEqual(of({ bind: "10.0.0.1:1" }), [4, "10.0.0.1", undefined]);
  assert.deepEqual(of({ interface: "fd00::1" }), [6, "fd00::1", undefined]);
  assert.deepEqual(of({ bind: "0.0.0.0:1", interface: "eth0" }), [4, undefined, "eth0"]);
  assert.deepEqual(of({ family: 6 }), [6, undefined, undefined]);
  assert.deepEqual(
    faultsOf([{ bind: "10.0.0.1:1", interface: "10.0.0.2" }, { bind: "10.0.0.1:2", family: 6 }]),
    [
      "2: tunnels[0].interface: 10.0.0.2 is not the address of tunnels[0].bind (line 2): 10.0.0.1",
      "3: tunnels[1].family: 10.0.0.1 is not of IP version 6",
    ],
  );
});

Deno.test("planService() puts the file's hooks first, and programs with a slash into its folder", () => {
  const { tunnels: [tunnel] } = planned({
    hooks: [{ run: ["./all.sh", "./x"], retries: 2 }],
    tunnels: [{
      hooks: [
        { run: "./line.sh > out", style: "natter", events: ["lost"], timeout: "1m" },
        { run: ["curl", "http://x/"] },
        { run: ["/bin/true"] },
        { run: ["sub/x"] },
      ],
    }],
  });
  const rest = { style: "natmap", events: ["mapped", "changed", "restored"], timeoutMs: 30_000, retries: 0 };
  assert.deepEqual(tunnel?.hooks, [
    { ...rest, run: ["/etc/p/all.sh", "./x"], retries: 2 },
    { run: "./line.sh > out", style: "natter", events: ["lost"], timeoutMs: 60_000, retries: 0 },
    { ...rest, run: ["curl", "http://x/"] },
    { ...rest, run: ["/bin/true"] },
    { ...rest, run: ["/etc/p/sub/x"] },
  ]);
});

Deno.test("planService() resolves paths of status and state against the file's folder", () => {
  const { status, state } = planned({
    tunnels: [],
    status: { file: "s.json", socket: "../run/p.sock", listen: "[::1]:7380", token: "secret" },
    state: { directory: "/var/lib/p" },
  });
  assert.deepEqual(status.file, { path: "/etc/p/s.json", format: "porthole" });
  assert.equal(status.socket, "/etc/run/p.sock");
  assert.deepEqual(status.listen, { address: "::1", port: 7380 });
  assert.equal(status.token?.reveal(), "secret");
  assert.deepEqual(state, { directory: "/var/lib/p", announcesAtStart: false });
  const other = planned({
    tunnels: [],
    status: { file: { path: "n.json", format: "natter" } },
    state: { directory: "s", announceAtStart: true },
  });
  assert.deepEqual(other.status.file, { path: "/etc/p/n.json", format: "natter" });
  assert.deepEqual(other.state, { directory: "/etc/p/s", announcesAtStart: true });
});

Deno.test("planService() completes webhooks", () => {
  const { tunnels: [tunnel] } = planned({
    tunnels: [{
      protocol: "udp",
      publish: [
        { provider: "webhook", url: "https://a.example/" },
        {
          provider: "webhook",
          url: "http://b/",
          token: "t",
          style: "nat1",
          domain: "d",
          subDomain: "s",
          srvPrefix: "",
        },
      ],
    }],
  });
  const seen = tunnel?.publish.map((options) => {
    assert.ok(options.provider === "webhook");
    const { url, token, ...rest } = options;
    return { ...rest, url: url.reveal(), token: token?.reveal() };
  });
  assert.deepEqual(seen, [
    {
      provider: "webhook",
      style: "json",
      domain: "",
      subDomain: "",
      srvPrefix: "_udp.",
      url: "https://a.example/",
      token: undefined,
    },
    {
      provider: "webhook",
      style: "nat1",
      domain: "d",
      subDomain: "s",
      srvPrefix: "",
      url: "http://b/",
      token: "t",
    },
  ]);
});

Deno.test("planService() leaves out what is not enabled, and sees no conflict with it", () => {
  const tunnels = [{ bind: 5, name: "a" }, { bind: 5, name: "a", enabled: false }, {
    enabled: true,
    bind: 6,
  }];
  assert.deepEqual(planned({ tunnels }).tunnels.map(({ name }) => name), ["a", "tcp-6"]);
});

Deno.test("planService() refuses one name for two tunnels, and tells who has none to set one", () => {
  assert.deepEqual(faultsOf([{ name: "a" }, { name: "b" }, { name: "a" }]), [
    '4: tunnels[2].name: "a" is the name at tunnels[0].name (line 2) too',
  ]);
  assert.deepEqual(faultsOf([{}, {}]), [
    '3: tunnels[1]: would be named "tcp-any" as tunnels[0] (line 2) is; set a name',
  ]);
  assert.deepEqual(faultsOf([{}, { name: "tcp-any" }]), [
    '2: tunnels[0]: would be named "tcp-any" as tunnels[1] (line 3) is; set a name',
  ]);
  assert.deepEqual(faultsOf([{ name: "tcp-any" }, {}]), [
    '3: tunnels[1]: would be named "tcp-any" as tunnels[0] (line 2) is; set a name',
  ]);
  assert.deepEqual(faultsOf([{ protocol: "udp" }, {}]), []);
});

Deno.test("planService() refuses one port for two tunnels where their addresses overlap", () => {
  const clash = (a: TunnelConfig, b: TunnelConfig): readonly string[] =>
    faultsOf([{ ...a, name: "a" }, { ...b, name: "b" }]);
  const want = ["3: tunnels[1].bind: TCP port 5 is that of tunnels[0].bind (line 2) too"];
  assert.deepEqual(clash({ bind: 5 }, { bind: 5 }), want);
  assert.deepEqual(clash({ bind: 5 }, { bind: "10.0.0.1:5" }), want);
  assert.deepEqual(clash({ bind: "10.0.0.1:5" }, { bind: "0.0.0.0:5" }), want);
  assert.deepEqual(clash({ bind: "10.0.0.1:5" }, { bind: 5, interface: "10.0.0.1" }), want);
  assert.deepEqual(clash({ bind: 5, family: 6 }, { bind: "[fd00::1]:5-5" }), want);
  assert.deepEqual(clash({ bind: 5, interface: "eth0" }, { bind: 5 }), want);
  const fine: readonly (readonly [TunnelConfig, TunnelConfig])[] = [
    [{ bind: 0 }, { bind: 0 }],
    [{ bind: 5 }, { bind: 5, protocol: "udp" }],
    [{ bind: 5 }, { bind: 5, family: 6 }],
    [{ bind: "10.0.0.1:5" }, { bind: "10.0.0.2:5" }],
    [{ bind: 5, interface: "eth0" }, { bind: 5, interface: "eth1" }],
    [{ bind: 5 }, { bind: "5-6" }],
  ];
  for (const [a, b] of fine) assert.deepEqual(clash(a, b), [], JSON.stringify([a, b]));
});

Deno.test("planService() refuses a target that is certainly what a tunnel of ours listens on", () => {
  const loops: readonly (readonly [TunnelConfig, string])[] = [
    [{ bind: "10.0.0.1:5", forward: { target: "10.0.0.1:5" } }, "10.0.0.1:5"],
    [{ bind: 5, interface: "10.0.0.1", forward: { target: "10.0.0.1:5" } }, "10.0.0.1:5"],
    [{ bind: "127.0.0.1:5", forward: { target: 5 } }, "127.0.0.1:5"],
    [{ bind: "127.0.0.1:5", forward: { target: "0.0.0.0:5" } }, "127.0.0.1:5"],
    [{ bind: "[FD00::1]:5", forward: { target: "[fd00:0::1]:5" } }, "[fd00::1]:5"],
  ];
  for (const [tunnel, own] of loops) {
    assert.deepEqual(faultsOf([tunnel]), [
      `2: tunnels[0].forward.target: ${own} is what this tunnel binds; traffic would go round in circles`,
    ]);
  }
  const other = { name: "a", bind: "10.0.0.1:5" };
  const forward = { forward: { target: "10.0.0.1:5" } };
  const round = [
    "3: tunnels[1].forward.target: 10.0.0.1:5 is what tunnels[0].bind (line 2) binds; traffic would go round in circles",
  ];
  assert.deepEqual(faultsOf([{ ...other, test: true }, forward]), round);
  assert.deepEqual(faultsOf([{ ...other, forward: { target: "10.0.0.9:1" } }, forward]), round);
});

Deno.test("planService() lets everything else be a target", () => {
  const forward = { forward: { target: "10.0.0.1:5" } };
  const fine: readonly (readonly TunnelConfig[])[] = [
    // Something else serves the port: a target like any other.
    [{ bind: "10.0.0.1:5", name: "a" }, forward],
    [{ bind: "10.0.0.1:5", name: "a", test: true, protocol: "udp" }, forward],
    [{ bind: "10.0.0.2:5", ...forward }],
    [{ bind: "10.0.0.1:5-6", ...forward }],
    [{ bind: 5, forward: { target: 5 } }],
    [{ bind: "10.0.0.1:5", forward: { target: "nas.lan:5" } }],
    [{ bind: "10.0.0.1:5", forward: { target: "10.0.0.1:0" } }],
  ];
  for (const tunnels of fine) assert.deepEqual(faultsOf(tunnels), [], JSON.stringify(tunnels));
});

Deno.test("planService() refuses what cannot be together in one tunnel, all of it", () => {
  const nft =
    "the method nftables passes packets on as they are and cannot do this; use relay, or leave it out";
  assert.deepEqual(
    faultsOf([
      { name: "a", protocol: "udp", forward: { target: 1, proxyProtocol: "v1" } },
      {
        name: "b",
        test: true,
        forward: {
          target: 1,
          method: "nftables",
          idle: "5m",
          congestion: "bbr",
          transparent: true,
          rate: "1M",
        },
      },
      { name: "c", forward: { target: 1, method: "nftables", transparent: false, allow: ["::/0"] } },
    ]),
    [
      "2: tunnels[0].forward.proxyProtocol: v1 has no UDP; use v2",
      "3: tunnels[1].test: a tunnel serves the test page or forwards, not both",
      `3: tunnels[1].forward.idle: ${nft}`,
      `3: tunnels[1].forward.congestion: ${nft}`,
      `3: tunnels[1].forward.transparent: ${nft}`,
      `3: tunnels[1].forward.rate: ${nft}`,
    ],
  );
});

Deno.test("planService() refuses webhooks that cannot work, without showing their secrets", () => {
  const faults = faultsOf([{
    publish: [
      { provider: "webhook", url: "ftp://user:hunter2@x/" },
      { provider: "webhook", url: "hunter2", style: "nat1", domain: "" },
      { provider: "webhook", url: "https://x", style: "nat1-records" },
    ],
  }]);
  assert.deepEqual(faults, [
    "2: tunnels[0].publish[0].url: expected an address that starts with http:// or https://",
    "2: tunnels[0].publish[1].url: expected an address that starts with http:// or https://",
    "2: tunnels[0].publish[1].domain: style nat1 needs a domain",
    "2: tunnels[0].publish[2]: style nat1-records needs a domain",
  ]);
});

Deno.test("planService() refuses a secret that is not known", () => {
  const planning = planService(
    {
      tunnels: [{ publish: [{ provider: "webhook", url: "env:A", token: "env:B" }] }],
      status: { token: "env:C" },
    },
    { ...options, secretOf: () => undefined },
  );
  assert.ok(planning.kind === "faults");
  assert.deepEqual(planning.faults.map(({ path }) => path), [
    "tunnels[0].publish[0].url",
    "tunnels[0].publish[0].token",
    "status.token",
  ]);
});

Deno.test("planService() refuses a status page that strangers can read, or on the port of a tunnel", () => {
  const open = ["4: status.listen: is not a loopback address; set status.token as well"];
  const listening = (
    listen: string,
    more: { token?: string } = {},
    tunnels: readonly TunnelConfig[] = [{}],
  ): readonly string[] => faultsOf(tunnels, { status: { listen, ...more } });
  for (const listen of ["0.0.0.0:80", "[::]:80", "192.168.1.2:80", "203.0.113.1:80", "[fe80::1%eth0]:80"]) {
    assert.deepEqual(listening(listen), open, listen);
    assert.deepEqual(listening(listen, { token: "x" }), [], listen);
  }
  for (const listen of ["127.0.0.1:80", "127.9.9.9:80", "[::1]:0"]) {
    assert.deepEqual(listening(listen), [], listen);
  }
  const taken = ["4: status.listen: TCP port 80 is that of tunnels[0].bind (line 2)"];
  assert.deepEqual(listening("127.0.0.1:80", {}, [{ bind: 80 }]), taken);
  assert.deepEqual(listening("[::]:80", { token: "x" }, [{ bind: "10.0.0.1:80" }]), taken);
  for (const tunnel of [{ bind: "10.0.0.1:80" }, { bind: 80, protocol: "udp" }, { bind: "80-81" }] as const) {
    assert.deepEqual(listening("127.0.0.1:80", {}, [tunnel]), []);
  }
});

Deno.test("planService() plans hundreds of tunnels, each with a name and a port of its own", () => {
  const tunnels = Array.from({ length: 500 }, (_, i) => ({ bind: 10_000 + i, forward: { target: i + 1 } }));
  const plan = planned({ tunnels });
  assert.equal(new Set(plan.tunnels.map(({ name }) => name)).size, 500);
});

Deno.test("planService() never plans two tunnels of one name, or two for one endpoint", () => {
  const tunnel = fc.record({
    name: fc.constantFrom("a", "b", "tcp-1", undefined),
    protocol: fc.constantFrom("tcp" as const, "udp" as const),
    bind: fc.constantFrom(0, 1, 2, "10.0.0.1:1", "10.0.0.2:1", "[::]:1", "0.0.0.0:2", "1-2"),
    enabled: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(tunnel, { maxLength: 6 }), (tunnels) => {
    const planning = planService({ tunnels }, options);
    if (planning.kind === "faults") return assert.ok(planning.faults.length > 0);
    const { plan } = planning;
    assert.equal(plan.tunnels.length, tunnels.filter(({ enabled }) => enabled).length);
    assert.equal(new Set(plan.tunnels.map(({ name }) => name)).size, plan.tunnels.length);
    const bound = plan.tunnels.filter(({ port }) => port.kind === "fixed" && port.port !== 0)
      .map(({ protocol, family, bindAddress, port }) =>
        JSON.stringify([protocol, family, bindAddress, port])
      );
    assert.equal(new Set(bound).size, bound.length);
  }));
});

/** A publisher of the configuration with these records. */
function keeping(
  records: readonly Readonly<Record<string, unknown>>[],
  changes: Readonly<Record<string, unknown>> = {},
): Pick<TunnelConfig, "publish"> {
  const entry = { provider: "dynv6", token: "t", zone: "example.com", records, ...changes };
  return { publish: [entry] as unknown as NonNullable<TunnelConfig["publish"]> };
}

Deno.test("planService() refuses records that two tunnels would keep, each with its own port", () => {
  const web = { type: "SRV", name: "www", service: "web" };
  const words = (record: string): string =>
    `3: tunnels[1].publish[0]: ${record} is kept by tunnels[0].publish[0] (line 2) too; give one of them another name`;
  const faults = (one: Pick<TunnelConfig, "publish">, other = one): readonly string[] =>
    faultsOf([{ name: "a", ...one }, { name: "b", ...other }]);
  assert.deepEqual(faults(keeping([web])), [words("the SRV record of _web._tcp.www.example.com")]);
  const powerdns = { provider: "powerdns", url: "http://127.0.0.1:8081", token: undefined, key: "k" };
  for (const type of ["HTTPS", "SVCB"]) {
    assert.deepEqual(faults(keeping([{ type, name: "www" }], powerdns)), [
      words(`the ${type} record of www.example.com`),
    ]);
  }
  const [text, ssh, ftp] = [{ text: "{port}" }, { pot: "ssh" }, { pot: "ftp" }]
    .map((content) => keeping([{ type: "TXT", name: "pot", ...content }]));
  assert.ok(text && ssh && ftp);
  const txt = "the TXT record of pot.example.com";
  assert.deepEqual(faults(text), [words(txt)]);
  assert.deepEqual(faults(ssh, text), [words(txt)]);
  assert.deepEqual(faults(text, ssh), [words(`ssh_tcp in ${txt}`)]);
  assert.deepEqual(faults(ssh), [words(`ssh_tcp in ${txt}`)]);
  assert.deepEqual(faults(ssh, ftp), []);
});

Deno.test("planService() takes records of two tunnels that do not get in each other's way", () => {
  const pairs: readonly (readonly [Pick<TunnelConfig, "publish">, Pick<TunnelConfig, "publish">])[] = [
    [
      keeping([{ type: "A", name: "www" }]),
      keeping([{ type: "A", name: "www" }, { type: "AAAA", name: "www" }]),
    ],
    [keeping([{ type: "SRV", name: "a" }]), keeping([{ type: "SRV", name: "b" }])],
    [
      keeping([{ type: "SRV" }]),
      keeping([{ type: "SRV" }], { provider: "file", token: undefined, path: "x" }),
    ],
    [keeping([{ type: "SRV" }]), keeping([{ type: "SRV" }], { api: "http://127.0.0.1:1" })],
  ];
  for (const [one, other] of pairs) {
    assert.deepEqual(faultsOf([{ name: "a", ...one }, { name: "b", ...other }]), []);
  }
  const twice = keeping([{ type: "SRV" }]);
  assert.deepEqual(faultsOf([{ name: "a", ...twice }, { name: "b", enabled: false, ...twice }]), []);
  const both = keeping([{ type: "SRV", priority: 1 }, { type: "SRV", priority: 2, target: "b" }]);
  assert.deepEqual(faultsOf([{ name: "a", ...both }]), []);
});
