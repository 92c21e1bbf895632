import assert from "node:assert/strict";
import fc from "fast-check";
import type { Config, TunnelConfig } from "../../../../src/config/config.ts";
import { importConfig } from "../../../../src/config/import/import_config.ts";
import { readNatmapArgs } from "../../../../src/config/import/natmap_args.ts";
import { planNatmap } from "../../../../src/cli/compat/natmap/plan_natmap.ts";
import { planService } from "../../../../src/plan/plan_service.ts";
import { TUNNEL_DEFAULTS } from "../../../../src/plan/tunnel_defaults.ts";
import { parseConfig } from "../../../../src/config/parse_config.ts";
import { GATEWAY_AUTO } from "../../../../src/gateway/settings.ts";

interface Imported {
  readonly text: string;
  readonly config: Config;
}

function imported(text: string, fileName = "x"): Imported {
  const result = importConfig(text, { fileName });
  if (result.kind === "unknown") return assert.fail(result.reason);
  const parsed = parseConfig(result.text);
  if (parsed.kind === "faults") return assert.fail(`${JSON.stringify(parsed.faults)}\n${result.text}`);
  return { text: result.text, config: parsed.config };
}

function refused(text: string): string {
  const result = importConfig(text, { fileName: "x" });
  return result.kind === "unknown" ? result.reason : assert.fail(result.text);
}

function tunnel({ config }: Imported): TunnelConfig {
  assert.equal(config.tunnels.length, 1);
  return config.tunnels[0] ?? assert.fail();
}

const NATTER_SAMPLE = `{
  "logging": {"level": "info", "log_file": ""},
  "status_report": {"hook": "echo {protocol} {inner_ip}:{inner_port} {outer_ip}:{outer_port}", "status_file": "./natter-status.json"},
  "open_port": {"tcp": ["0.0.0.0:3456"], "udp": []},
  "forward_port": {"tcp": ["192.168.1.100:443"], "udp": ["127.0.0.1:53"]},
  "stun_server": {"tcp": ["stun.nextcloud.com"], "udp": ["stun.miwifi.com"]},
  "keep_alive": "www.qq.com"
}`;

const UCI_SAMPLE = `
config natmap 'web'
	option enable '1'
	option family 'ipv4'
	option udp_mode '0'
	option interface 'wan'
	option interval '20'
	option stun_server 'turn.cloudflare.com'
	option http_server 'example.com'
	option port '8080'
	option notify_script '/etc/natmap/notify.sh'
	option log_stdout '1'

config natmap
	option udp_mode '1'
	option interface 'eth1'
	option stun_server "stun.qq.com:3479"
	option port '20000-20002'
	option forward_target '10.0.0.2'
	option forward_port '443'
	option comment 'my wg'
	option surprise 'x'
`;

Deno.test("importConfig() translates the sample of Natter 0.9 and names each of its keys", () => {
  const { text, config } = imported(NATTER_SAMPLE, "/etc/natter-config.json");
  assert.deepEqual(config, {
    $schema: "./porthole.schema.json",
    log: { level: "info" },
    stun: { tcp: ["stun.nextcloud.com:3478"], udp: ["stun.miwifi.com:3478"] },
    keepAlive: { tcp: ["www.qq.com:80"], interval: "10s" },
    hooks: [{
      run: "echo {protocol} {inner_ip}:{inner_port} {outer_ip}:{outer_port}",
      style: "natter",
      timeout: "1h",
    }],
    status: { file: { path: "./natter-status.json", format: "natter" } },
    tunnels: [
      { name: "tcp-3456", protocol: "tcp", bind: "0.0.0.0:3456" },
      { name: "tcp-443", protocol: "tcp", forward: { target: "192.168.1.100:443" } },
      { name: "udp-53", protocol: "udp", forward: { target: "127.0.0.1:53" } },
    ],
  });
  const comments = text.split("\n").filter((line) => line.trimStart().startsWith("//")).join("\n");
  for (
    const key of [
      ...["/etc/natter-config.json", "logging.level", "logging.log_file", "status_report.hook"],
      ...[
        "status_report.status_file",
        "open_port.tcp",
        "open_port.udp",
        "forward_port.tcp",
        "forward_port.udp",
      ],
      ...["stun_server.tcp", "stun_server.udp", "keep_alive"],
    ]
  ) {
    assert.ok(comments.includes(key), key);
  }
});

Deno.test("importConfig() gives tunnels of Natter different names and tells unknown keys", () => {
  const { text, config } = imported(
    '{"forward_port": {"tcp": ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.1:80"]}, "surprise": 1, // c\n}',
  );
  assert.deepEqual(config.tunnels.map(({ name }) => name), ["tcp-80", "tcp-80-2"]);
  assert.match(text, /\/\/ surprise {2}-> {2}left out/);
});

Deno.test("importConfig() translates OpenWrt's natmap and names each option", () => {
  const { text, config } = imported(UCI_SAMPLE);
  assert.deepEqual(config.tunnels, [
    {
      name: "web",
      protocol: "tcp",
      bind: "8080",
      stun: ["turn.cloudflare.com:3478"],
      keepAlive: ["example.com:80"],
      interval: "20s",
      hooks: [{ run: ["/etc/natmap/notify.sh"], style: "natmap", timeout: "3600s" }],
    },
    {
      name: "my wg",
      protocol: "udp",
      bind: "20000-20002",
      interface: "eth1",
      stun: ["stun.qq.com:3479"],
      interval: "10s",
      forward: { target: "10.0.0.2:443", idle: "300s" },
      // The package's init script takes an absent "enable" for off.
      enabled: false,
    },
  ]);
  for (const [, key = "", value = ""] of UCI_SAMPLE.matchAll(/option (\w+) ['"](.*)['"]/g)) {
    assert.ok(text.includes(`//   ${key} '${value}'  ->  `), key);
  }
  assert.match(text, /surprise 'x' {2}-> {2}left out: no equivalent/);
  assert.match(text, /log_stdout '1' {2}-> {2}left out/);
});

Deno.test("importConfig() takes the last of an option and all of a list of OpenWrt's", () => {
  const { bind, stun } = tunnel(imported(
    "config natmap 'a'\n option enable 1\n option udp_mode 1\n option port 1\n option port 2\n" +
      " list stun_server a\n list stun_server b\n",
  ));
  assert.deepEqual([bind, stun], ["2", ["a:3478", "b:3478"]]);
});

Deno.test("importConfig() refuses a section of OpenWrt's natmap that cannot run, unless it is off", () => {
  const section = "config natmap\n option udp_mode 1\n option port 80\n";
  assert.match(refused(`${section} option enable 1\n`), /section 1: option -s is missing/);
  const { name, enabled } = tunnel(imported(section));
  assert.deepEqual([name, enabled], ["natmap-1", false]);
});

Deno.test("importConfig() translates natmap command lines wherever they stand", () => {
  const { text, config } = imported(
    [
      "#!/bin/sh",
      "export TOKEN=hunter2",
      "sleep 5 && /usr/bin/natmap -4us stun.qq.com -b443 -t 10.0.0.2 \\",
      "  -p 0 -c 5 -C bbr -e 'notify me.sh' > /dev/null 2>&1 &",
      "ExecStart=-/opt/natmap -d -f 0x1 -i eth0 -s a:1478 -h b:8080 -6 -k 15 stray; exit 0",
      "sudo porthole natmap -s a -h b --stun c",
    ].join("\n"),
  );
  assert.deepEqual(config.tunnels, [
    {
      name: "natmap-1",
      protocol: "udp",
      bind: "443",
      stun: ["stun.qq.com:3478"],
      interval: "10s",
      forward: { target: "10.0.0.2:0", congestion: "bbr", idle: "300s" },
      hooks: [{ run: ["./notify me.sh"], style: "natmap", timeout: "3600s" }],
    },
    {
      name: "natmap-2",
      protocol: "tcp",
      family: 6,
      bind: "0",
      interface: "eth0",
      mark: 1,
      stun: ["a:1478"],
      keepAlive: ["b:8080"],
      interval: "15s",
    },
    {
      name: "natmap-3",
      protocol: "tcp",
      bind: "0",
      stun: ["a:3478", "c:3478"],
      keepAlive: ["b:80"],
      interval: "30s",
    },
  ]);
  for (
    const note of [
      ...[/natmap, line 3:/, /-4 {2}-> {2}IPv4/, /-u {2}->/, /-p 0 {2}->/, /-c 5 {2}-> {2}left out/],
      ...[
        /-C bbr {2}->/,
        /redirections {2}-> {2}left out/,
        /-d {2}-> {2}left out/,
        /-f 0x1 {2}->/,
        /"stray"/,
      ],
      ...[/line 2 \(export …\)/, /line 5 \(exit …\)/, /line 3 \(sleep …\)/],
    ]
  ) {
    assert.match(text, note);
  }
  assert.doesNotMatch(text, /hunter2/);
});

Deno.test("importConfig() translates nat1_traversal's config.json and keeps secrets out of comments", () => {
  const { text, config } = imported(JSON.stringify({
    ...{ type: "mcje", dns: "webhook", id: "https://hook.example/x?key=hunter1", token: "hunter2" },
    ...{
      domain: "example.com",
      sub_domain: "mc",
      local: ":25566",
      remote: "192.168.1.50",
      proxy_protocol: "v2",
    },
    surprise: 1,
  }));
  assert.deepEqual(config.tunnels, [{
    name: "mcje",
    protocol: "tcp",
    bind: "0.0.0.0:25566",
    forward: { target: "192.168.1.50:25565", proxyProtocol: "v2", idle: "24h" },
    publish: [{
      provider: "webhook",
      url: "https://hook.example/x?key=hunter1",
      token: "hunter2",
      style: "nat1",
      domain: "example.com",
      subDomain: "mc",
      srvPrefix: "_minecraft._tcp.",
    }],
  }]);
  const comments = text.split("\n").filter((line) => line.trimStart().startsWith("//")).join("\n");
  assert.doesNotMatch(comments, /hunter/);
  for (
    const key of [
      ...["type mcje", "dns webhook", "id ***", "token ***", "domain example.com", "sub_domain mc"],
      ...["local :25566", "remote 192.168.1.50", "proxy_protocol v2", "surprise"],
    ]
  ) {
    assert.ok(comments.includes(`// ${key}  ->  `), key);
  }
});

Deno.test("importConfig() translates the providers of nat1_traversal, with their secrets never in comments", () => {
  const common = { token: "hunter2", domain: "example.com", sub_domain: "mc", local: "25565" };
  const records = (service: string): unknown => [
    { type: "A", name: "mc" },
    { type: "SRV", name: "mc", service, priority: 10, weight: 0 },
  ];
  const zone = "example.com";
  const table: readonly (readonly [Readonly<Record<string, unknown>>, unknown])[] = [
    [
      { dns: "cloudflare", type: "mcbe" },
      { provider: "cloudflare", token: "hunter2", zone, records: records("mcbe") },
    ],
    [{ dns: "cloudflare", id: "me@example.com" }, {
      ...{ provider: "cloudflare", email: "me@example.com", key: "hunter2", zone },
      records: records("mcje"),
    }],
    [{ dns: "dynv6", type: "tcp" }, {
      provider: "dynv6",
      token: "hunter2",
      zone,
      records: records("tcp"),
    }],
    [{ dns: "alidns", id: "ID" }, {
      ...{ provider: "alidns", id: "ID", key: "hunter2", zone },
      records: records("mcje"),
    }],
    [{ dns: "edgeone_intl", id: "ID", type: "web" }, {
      ...{ provider: "edgeone_intl", id: "ID", key: "hunter2", zone, host: "mc" },
    }],
    [{ dns: "aliesa", id: "ID", type: "web" }, {
      ...{ provider: "aliesa", id: "ID", key: "hunter2", zone, host: "mc", rule: "mc" },
    }],
  ];
  for (const [values, expected] of table) {
    const { text, config } = imported(JSON.stringify({ type: "mcje", ...common, ...values }));
    assert.deepEqual(config.tunnels[0]?.publish, [expected]);
    const comments = text.split("\n").filter((line) => line.trimStart().startsWith("//")).join("\n");
    assert.doesNotMatch(comments, /hunter2/);
    assert.match(comments, new RegExp(`dns ${values["dns"]} {2}-> {2}"publish"`));
  }
});

Deno.test("importConfig() translates cf-aio.conf of the POT scripts and names each of its keys", () => {
  const { text, config } = imported(JSON.stringify({
    ...{ cf_email: "me@example.com", cf_key: "hunter2", direct_host: "direct.example.com" },
    ...{ redirect_to_https: true, redirect_host: "www.example.com" },
    ...{ srv_host: "mc.example.com", srv_name: "_minecraft" },
    ...{ pot_service_host: "pot.example.com", pot_service_key: "rdp", surprise: 1 },
  }));
  const ttl = 120;
  assert.deepEqual(config.tunnels, [{
    name: "rdp",
    protocol: "tcp",
    publish: [{
      ...{ provider: "cloudflare", email: "me@example.com", key: "hunter2" },
      records: [
        { type: "A", name: "direct.example.com", ttl },
        { type: "A", name: "www.example.com", ttl, proxied: true },
        { type: "A", name: "mc.example.com", ttl },
        { type: "SRV", name: "mc.example.com", ttl, service: "_minecraft._tcp", priority: 1, weight: 10 },
        { type: "TXT", name: "pot.example.com", ttl, pot: "rdp" },
      ],
      redirect: [{ host: "www.example.com", to: "direct.example.com", scheme: "https" }],
    }],
  }]);
  const comments = text.split("\n").filter((line) => line.trimStart().startsWith("//")).join("\n");
  assert.doesNotMatch(comments, /hunter2/);
  for (
    const key of ["cf_email me@", "cf_key ***", "redirect_to_https true", "srv_name _minecraft", "surprise"]
  ) {
    assert.ok(comments.includes(`// ${key}`), key);
  }
});

Deno.test("importConfig() leaves out what cf-aio.conf turns off, and refuses one that does nothing", () => {
  const template = { cf_email: "me@example.com", cf_key: "hunter2", direct_host: null, redirect_host: null };
  const { config } = imported(JSON.stringify({ ...template, direct_host: "d.example.com", srv_host: "x" }));
  assert.deepEqual(tunnel({ text: "", config }).publish, [{
    ...{ provider: "cloudflare", email: "me@example.com", key: "hunter2" },
    records: [{ type: "A", name: "d.example.com", ttl: 120 }],
  }]);
  assert.match(refused(JSON.stringify(template)), /turned off/);
  assert.match(refused(JSON.stringify({ ...template, cf_key: null })), /cf_email and cf_key/);
  assert.doesNotMatch(refused('{"cf_key": "hunter2" "x"}'), /hunter2/);
});

Deno.test("importConfig() makes natmap's command line do what porthole natmap does with it", () => {
  const lines = [
    "-s a -h b -b 80 -k 20",
    "-u -6 -s a:1 -i 2001:db8::1 -b 20000~30000 -f 0x10",
    "-s a -h b -t 10.0.0.2 -p 0 -C bbr -T 60 -i eth0 -e /opt/x.sh",
    "-u -s a --stun c -t db.lan -p 53",
  ];
  for (const line of lines) {
    const { config } = imported(`natmap ${line}`);
    const planning = planService(config, {
      defaults: TUNNEL_DEFAULTS,
      secretOf: () => undefined,
      baseDirectory: "/",
    });
    const reading = readNatmapArgs(line.split(" "));
    if (planning.kind === "faults" || reading.kind === "usage") return assert.fail(line);
    const { args } = reading;
    const [wanted] = planNatmap(args, { script: args.script }).tunnels;
    const [planned] = planning.plan.tunnels;
    const name = "natmap-1";
    assert.deepEqual(definedOnly(planned), {
      ...definedOnly(wanted),
      name,
      // As the file's comments say: our checks decide what is announced, and UDP has our own hosts as sentinels.
      isForced: false,
      // natmap asks no routers; a configuration of ours does where it has to.
      gateway: definedOnly(GATEWAY_AUTO),
      keepAliveHosts: args.protocol === "tcp" ? wanted?.keepAliveHosts : TUNNEL_DEFAULTS.keepAliveHosts,
      lookupIntervalMs: 60_000,
      ...(wanted?.forward && {
        forward: definedOnly({ ...wanted.forward, name, connectTimeoutMs: 10_000 }),
      }),
    }, line);
  }
});

function definedOnly(value: unknown): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value));
}

Deno.test("importConfig() says on one line why a text is not translated", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /neither/],
    ["hello world", /neither/],
    ["[]", /neither/],
    ["{}", /no key/],
    ['{"a": ', /no JSON/],
    ['{"tunnels": []}', /already/],
    ['{"open_port": {"tcp": ["x"], "udp": 5}}', /1:24: open_port\.tcp\[0\]: .*; 1:37: open_port\.udp: /],
    ['{"open_port": {"tcp": [', /1:\d+: /],
    ['{"type": "mcje"}', /local: it is missing/],
    ['{"type": "ftp", "local": "1"}', /type: "ftp"/],
    ['{"local": ":x"}', /local: 端口不是数字/],
    ['{"local": ":0"}', /local: port 0/],
    ['{"type": "udp", "local": "1"}', /remote: /],
    ['{"dns": "webhook", "local": "1"}', /id: it is missing/],
    ['{"local": "1", "remote": ":", "proxy_protocol": "v3"}', /proxy_protocol: "v3"/],
    ['{"local": "1", "type": "udp", "remote": ":", "proxy_protocol": "v1"}', /proxy_protocol: only TCP/],
    ['{"type": "mcje", // c\n}', /not JSON/],
    ["natmap -s a", /line 1: option -h is missing/],
    ["\nnatmap -s a -h b -b $PORT", /line 2: .*\$/],
    ['natmap -s a -h b -e "$(cat x)"', /line 1: .*\$/],
    ["python3 natter.py -t 3456", /porthole natter/],
  ];
  for (const [text, reason] of cases) assert.match(refused(text), reason, text);
});

Deno.test("importConfig() gives a configuration that our own reader takes, or a reason, for any text", () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom(
      ...[
        "config natmap 'x'",
        "option enable 1",
        "option stun_server a",
        "option http_server b",
        "option port 5-3",
      ],
      ...[
        "natmap -s a -h b",
        'natmap -u -s a -e "x\u2028y\\n',
        'config natmap "a\\',
        "option comment 'x*/\u0007'",
      ],
      ...['{"logging":{"level":"info"},', '"open_port":{"tcp":["1.2.3.4:5"]}}', "-b 80", "\\", "'"],
      ...['{"type":"tcp","dns":"webhook","id":"x",', '"local":"1.2:3","remote":":"}', '"domain":"\\u0007"}'],
    ),
  );
  fc.assert(
    fc.property(fc.array(line), fc.string(), (lines, fileName) => {
      const result = importConfig(lines.join("\n"), { fileName });
      if (result.kind === "unknown") return !/\p{Cc}/u.test(result.reason) && result.reason !== "";
      return parseConfig(result.text).kind === "config";
    }),
    { numRuns: 500 },
  );
});
