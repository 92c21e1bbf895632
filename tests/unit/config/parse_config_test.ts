import assert from "node:assert/strict";
import { formatFault } from "../../../src/config/config_fault.ts";
import type { Config } from "../../../src/config/config.ts";
import { PROVIDERS } from "../../../src/config/publish_schema.ts";
import { listed } from "../../../src/config/schema_parts.ts";
import { parseConfig } from "../../../src/config/parse_config.ts";

function faultsOf(text: string): readonly string[] {
  const parsed = parseConfig(text);
  return parsed.kind === "faults" ? parsed.faults.map(formatFault) : [];
}

function configOf(text: string): Config {
  const parsed = parseConfig(text);
  assert.ok(parsed.kind === "config", faultsOf(text).join("\n"));
  return parsed.config;
}

/** Faults of a tunnel that is written on a line of its own; columns count from its brace. */
function tunnelFaults(tunnel: string): readonly string[] {
  return faultsOf(`{"tunnels": [\n${tunnel}\n]}`);
}

Deno.test("parseConfig() takes comments, trailing commas, a byte order mark and CRLF", () => {
  const text = '\uFEFF// why\r\n{\r\n  /* all */ "tunnels": [ { "bind": 3456, }, ],\r\n}\r\n';
  assert.deepEqual(configOf(text), { tunnels: [{ bind: 3456 }] });
});

Deno.test("parseConfig() takes every key of every part", () => {
  const config: Config = {
    $schema: "./porthole.schema.json",
    lang: "zh-CN",
    log: { level: "debug", format: "journald", file: "x.log", maxBytes: 4096, maxFiles: 1 },
    stun: { tcp: ["a.example"], udp: ["b.example:3479", "[2001:db8::1]:3478"], interval: "2m" },
    keepAlive: { tcp: ["c.example:8080"], interval: "15s" },
    hooks: [{ run: "echo hello" }],
    tunnels: [
      {},
      {
        name: "web",
        enabled: false,
        protocol: "udp",
        family: 6,
        bind: "[::1]:5000-5010",
        interface: "eth0",
        mark: "0x10",
        stun: ["d.example"],
        keepAlive: ["e.example"],
        interval: "1500ms",
        lookupInterval: "90",
        force: true,
        test: false,
        forward: {
          target: "nas.lan:0",
          method: "relay",
          proxyProtocol: "v2",
          transparent: true,
          congestion: "bbr",
          idle: "12h",
          connectTimeout: "1s",
          allow: ["192.0.2.0/24"],
          deny: ["2001:db8::1"],
          maxClients: 1,
          perClient: 2,
          perClientRate: 3,
          rate: "1.5M",
        },
        hooks: [{
          run: ["./notify.sh", "-x"],
          style: "json",
          events: ["lost", "unusable"],
          timeout: "1m",
          retries: 3,
        }],
        publish: [{
          provider: "webhook",
          url: "env:URL",
          token: "file:token",
          style: "nat1-records",
          domain: "example.com",
          subDomain: "mc",
          srvPrefix: "_minecraft._tcp.",
        }],
      },
      { bind: 0, mark: 4294967295, forward: { target: 22 } },
    ],
    status: {
      file: { path: "s.json", format: "natter" },
      socket: "p.sock",
      listen: "127.0.0.1:7380",
      token: "t",
    },
    state: { directory: "state", announceAtStart: true },
  };
  assert.deepEqual(configOf(JSON.stringify(config)), config);
});

Deno.test("parseConfig() tells all faults at once, in the order of the text", () => {
  const text = `{
  "lnag": "en",
  "status": { "listen": "localhost:1" },
  "tunnels": [
    { "bind": "80:80", "protocol": "sctp" },
    { "forward": { "taget": 22 } }
  ]
}`;
  assert.deepEqual(faultsOf(text), [
    '2:3: lnag: unknown key "lnag"; did you mean "lang"',
    '3:25: status.listen: expected ADDRESS:PORT, IPv6 as [ADDRESS]:PORT, not "localhost:1"',
    '5:15: tunnels[0].bind: expected [IP:]PORT, PORT being N, 0 for any, A-B or A~B, not "80:80"',
    '5:36: tunnels[0].protocol: expected tcp or udp, not "sctp"',
    '6:18: tunnels[1].forward: key "target" is missing',
    '6:20: tunnels[1].forward.taget: unknown key "taget"; did you mean "target"',
  ]);
});

Deno.test("parseConfig() says what was expected, at the value", () => {
  const cases: readonly (readonly [string, string])[] = [
    ['{"bind": -1}', "2:10: tunnels[0].bind: expected a whole number from 0 to 65535, not -1"],
    ['{"bind": 1.5}', "2:10: tunnels[0].bind: expected a whole number from 0 to 65535, not 1.5"],
    [
      '{"bind": true}',
      "2:10: tunnels[0].bind: expected [IP:]PORT, PORT being N, 0 for any, A-B or A~B, not true",
    ],
    ['{"family": 5}', "2:12: tunnels[0].family: expected 4 or 6, not 5"],
    [
      '{"name": ""}',
      '2:10: tunnels[0].name: expected 1 to 64 characters, none of them a control character, not ""',
    ],
    ['{"name": {"a": {}}}', "2:10: tunnels[0].name: expected a text, not an object"],
    ['{"name": [[]]}', "2:10: tunnels[0].name: expected a text, not a list"],
    ['{"force": "yes"}', "2:11: tunnels[0].force: expected true or false, not a text"],
    ['{"mark": 1e999}', "2:10: tunnels[0].mark: expected a whole number from 0 to 4294967295, not Infinity"],
    ['{"stun": []}', "2:10: tunnels[0].stun: expected at least one entry"],
    [
      '{"stun": ["a:0"]}',
      '2:11: tunnels[0].stun[0]: expected HOST or HOST:PORT, IPv6 as [ADDRESS]:PORT, not "a:0"',
    ],
    ['{"stun": "a"}', "2:10: tunnels[0].stun: expected a list, not a text"],
    ['{"forward": []}', "2:13: tunnels[0].forward: expected an object, not a list"],
    ['{"forward": null}', "2:13: tunnels[0].forward: expected an object, not null"],
    ['{"hooks": {}}', "2:11: tunnels[0].hooks: expected a list, not an object"],
    ['{"hooks": [{"run": ["a", 5]}]}', "2:26: tunnels[0].hooks[0].run[1]: expected a text, not a number"],
    ['{"hooks": [{"run": [""]}]}', "2:21: tunnels[0].hooks[0].run[0]: expected a text that is not empty"],
    [
      '{"hooks": [{"run": ["a\\u0000"]}]}',
      "2:21: tunnels[0].hooks[0].run[0]: expected a text without NUL characters",
    ],
    ['{"hooks": [{"run": []}]}', "2:20: tunnels[0].hooks[0].run: expected at least one entry"],
    [
      '{"hooks": [{"run": {}}]}',
      "2:20: tunnels[0].hooks[0].run: expected [PROGRAM, ARGUMENT, …], or a line for the shell, not an object",
    ],
    ['{"hooks": [{}]}', '2:12: tunnels[0].hooks[0]: key "run" is missing'],
    ["[]", "2:1: tunnels[0]: expected an object, not a list"],
    ["7", "2:1: tunnels[0]: expected an object, not a number"],
    ['{"name": "a", "name": "b"}', '2:15: tunnels[0].name: key "name" is there twice'],
    ['{"constructor": 1}', '2:2: tunnels[0].constructor: unknown key "constructor"'],
    ['{"__proto__": {"name": 5}}', '2:2: tunnels[0].__proto__: unknown key "__proto__"'],
    ['{"a b": 1}', '2:2: tunnels[0]["a b"]: unknown key "a b"'],
  ];
  for (const [tunnel, want] of cases) assert.deepEqual(tunnelFaults(tunnel), [want], tunnel);
});

Deno.test("parseConfig() names the known providers where one is unknown or missing", () => {
  assert.deepEqual(tunnelFaults('{"publish": [{"provider": "cloudfare", "zone": "x"}, {}, [], 5]}'), [
    `2:27: tunnels[0].publish[0].provider: unknown provider "cloudfare"; known: ${listed(PROVIDERS)}`,
    `2:54: tunnels[0].publish[1].provider: key "provider" is missing; known: ${listed(PROVIDERS)}`,
    "2:58: tunnels[0].publish[2]: expected an object, not a list",
    "2:62: tunnels[0].publish[3]: expected an object, not a number",
  ]);
});

Deno.test("parseConfig() looks into the spelling of a value that is meant", () => {
  assert.deepEqual(faultsOf('{"tunnels": [], "status": {"file": {"path": "a", "format": "b", "mode": 1}}}'), [
    '1:60: status.file.format: expected porthole or natter, not "b"',
    '1:65: status.file.mode: unknown key "mode"',
  ]);
  assert.deepEqual(faultsOf('{"tunnels": [], "status": {"file": []}}'), [
    '1:36: status.file: expected PATH, or { "path": PATH, "format": FORMAT }, not a list',
  ]);
});

Deno.test("parseConfig() tells faults of the whole file without a path", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", "1:1: expected a value"],
    ["// nothing\n", "2:1: expected a value"],
    ["[]", "1:1: expected an object, not a list"],
    ["5", "1:1: expected an object, not a number"],
    ["null", "1:1: expected an object, not null"],
    ["{}", '1:1: key "tunnels" is missing'],
    ["[".repeat(1_000_000), "1:501: nested deeper than 500 levels"],
    ['{"tunnels": [' + '{"name": '.repeat(200_000), "1:4496: nested deeper than 500 levels"],
    ["]".repeat(600) + "[".repeat(100_000), "1:1101: nested deeper than 500 levels"],
    // Brackets that close nothing hide no level.
    ["[},".repeat(100_000), "1:1501: nested deeper than 500 levels"],
    ['{"a":],"a":'.repeat(100_000), "1:5501: nested deeper than 500 levels"],
  ];
  for (const [text, want] of cases) assert.deepEqual(faultsOf(text), [want], text.slice(0, 20));
});

Deno.test("parseConfig() puts syntax into words, all of it, and looks at what stands before", () => {
  const text = `{
  "lgo": {},
  "tunnels": [
    { "bind": "x" "name": 'a' },
    { "nmae": "not looked at any more" }
  ]
`;
  assert.deepEqual(faultsOf(text), [
    '2:3: lgo: unknown key "lgo"; did you mean "log"',
    '4:15: tunnels[0].bind: expected [IP:]PORT, PORT being N, 0 for any, A-B or A~B, not "x"',
    "4:19: expected a comma",
    "4:27: unexpected symbol; texts and keys are in double quotes",
    "4:31: expected a value",
    "7:1: expected a closing brace",
  ]);
  // An object that was never closed may have the missing key further on.
  assert.deepEqual(faultsOf('{"tunnels": [{"forward": {"idle": "5m"'), ["1:39: expected a closing brace"]);
});

Deno.test("parseConfig() tells every kind of broken syntax", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["{tunnels: []}", /1:2: unexpected symbol/],
    ['{"tunnels" []}', /1:12: expected a colon/],
    ['{"tunnels": }', /1:13: expected a value/],
    ['{"tunnels": [] "x": 1}', /1:16: expected a comma/],
    ['{"tunnels": []} {}', /1:17: unexpected text after the end/],
    ['{"tunnels": [', /1:14: expected a closing bracket/],
    ['{"tunnels": ["a\n"]}', /1:14: the text is never closed on its line/],
    ['{"tunnels": ["\\q"]}', /1:14: unknown escape/],
    ['{"tunnels": ["\\u12"]}', /1:14: malformed \\u escape/],
    ['{"tunnels": ["\t"]}', /1:14: control character/],
    ['{"tunnels": [1.]}', /1:14: the number ends too early/],
    ['{"tunnels": []} /* x', /1:17: the comment is never closed/],
    ["{,}", /1:2: expected/],
  ];
  for (const [text, want] of cases) {
    assert.ok(faultsOf(text).some((fault) => want.test(fault)), `${text}: ${faultsOf(text)}`);
  }
});

Deno.test("parseConfig() leaves what is sound for whoever looks for more faults", () => {
  const parsed = parseConfig(
    '{"lang": 5, "stun": {"x": 1}, "tunnels": [{"bind": "x"}, {"bind": 5, "nmae": 1}], "state": []}',
  );
  assert.ok(parsed.kind === "faults");
  assert.deepEqual(parsed.sound?.config, { stun: {}, tunnels: [{ enabled: false }, { bind: 5 }] });
  const unlisted = parseConfig('{"tunnels": {}, "lang": "en"}');
  assert.ok(unlisted.kind === "faults");
  assert.deepEqual(unlisted.sound?.config, { lang: "en", tunnels: [] });
  const broken = parseConfig('{"tunnels": [}');
  assert.ok(broken.kind === "faults" && broken.sound === undefined);
});

Deno.test("parseConfig() finds places again, the nearest one around where something is absent", () => {
  const parsed = parseConfig('{\n "tunnels": [\n  {"forward": {"target": 22}}\n ]\n}');
  assert.ok(parsed.kind === "config");
  const { placeOf } = parsed.source;
  assert.deepEqual(placeOf(["tunnels", 0, "forward", "target"]), { line: 3, column: 26 });
  assert.deepEqual(placeOf(["tunnels", 0, "name"]), { line: 3, column: 3 });
  assert.deepEqual(placeOf(["tunnels", 7]), { line: 2, column: 13 });
  assert.deepEqual(placeOf(["status", "listen"]), { line: 1, column: 1 });
});

Deno.test("parseConfig() knows where secrets are, literals too", () => {
  const parsed = parseConfig(
    '{"status": {"token": "env:A"}, "tunnels": [{"name": "env:B", "publish": [' +
      '{"provider": "webhook", "url": "u", "body": "b"}]}]}',
  );
  assert.ok(parsed.kind === "config");
  assert.deepEqual(parsed.source.secrets, [
    { path: ["status", "token"], text: "env:A", hasLines: false },
    { path: ["tunnels", 0, "publish", 0, "url"], text: "u", hasLines: false },
    { path: ["tunnels", 0, "publish", 0, "body"], text: "b", hasLines: true },
  ]);
});

Deno.test("parseConfig() stops where there are too many faults to read", () => {
  const faults = faultsOf(`{"tunnels": [${"5,".repeat(20_000)}]}`);
  assert.equal(faults.length, 1001);
  assert.match(faults.at(-1) ?? "", /: more than 1000 faults; the others are not shown$/);
  for (const text of [`{${Array.from({ length: 3000 }, (_, i) => `"${i}": 1`)}}`, "[" + "x ".repeat(3000)]) {
    assert.ok([1000, 1001].includes(faultsOf(text).length));
  }
  const long = faultsOf(`{"tunnels": [{"forward": {"target": 1, "allow": [${'"::1",'.repeat(100_001)}]}}]}`);
  assert.deepEqual(long.map((fault) => fault.replace(/^[\d:]+ /, "")), [
    "tunnels[0].forward.allow: more than 100000 entries",
  ]);
});
