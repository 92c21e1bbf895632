import assert from "node:assert/strict";
import fc from "fast-check";
import { type NatterConfig, readNatterConfig } from "../../../../../src/config/import/natter_config.ts";
import { SAMPLE } from "./natter_sample.ts";

function configOf(text: string): NatterConfig {
  const reading = readNatterConfig(text);
  assert.ok(reading.kind === "config", JSON.stringify(reading));
  return reading.config;
}

/** `line:column path: message` of each fault. */
function faultsOf(text: string): readonly string[] {
  const reading = readNatterConfig(text);
  if (reading.kind === "config") return [];
  return reading.faults.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
}

Deno.test("readNatterConfig() reads the sample as it stands", () => {
  assert.deepEqual(configOf(SAMPLE), {
    logging: { level: "info", logFile: undefined },
    statusReport: {
      hook: "echo {protocol} {inner_ip}:{inner_port} {outer_ip}:{outer_port}",
      statusFile: "./natter-status.json",
    },
    openPort: { tcp: [{ address: "0.0.0.0", port: 3456 }], udp: [] },
    forwardPort: { tcp: [{ host: "192.168.1.100", port: 443 }], udp: [{ host: "127.0.0.1", port: 53 }] },
    stunServer: {
      tcp: [{ host: "stun.nextcloud.com", port: 3478 }],
      udp: [{ host: "stun.miwifi.com", port: 3478 }],
    },
    keepAlive: { host: "www.qq.com", port: 80 },
  });
});

Deno.test("readNatterConfig() has a default for every key", () => {
  const none = { tcp: [], udp: [] };
  const expected: NatterConfig = {
    logging: { level: "info", logFile: undefined },
    statusReport: { hook: undefined, statusFile: undefined },
    openPort: none,
    forwardPort: none,
    stunServer: none,
    keepAlive: { host: "www.qq.com", port: 80 },
  };
  assert.deepEqual(configOf("{}"), expected);
  assert.deepEqual(configOf(`{"logging": null, "open_port": {"tcp": null}, "keep_alive": ""}`), expected);
});

Deno.test("readNatterConfig() takes comments, trailing commas, a byte order mark, and ports of servers", () => {
  const text = `\uFEFF// Natter's README has comments
  {
    "logging": { "level": "Warning", "log_file": "./natter.log", },
    "stun_server": { "tcp": ["a.example:1478"] /* not Natter's default port */ },
    "keep_alive": "b.example:8080",
    "keep_alive": "c.example", // of two the last one counts
  }`;
  const config = configOf(text);
  assert.deepEqual(config.logging, { level: "warning", logFile: "./natter.log" });
  assert.deepEqual(config.stunServer.tcp, [{ host: "a.example", port: 1478 }]);
  assert.deepEqual(config.keepAlive, { host: "c.example", port: 80 });
});

Deno.test("readNatterConfig() names the keys that nobody knows", () => {
  const reading = readNatterConfig(`{"logging": {"levle": "info"}, "open_ports": {}}`);
  assert.ok(reading.kind === "config");
  assert.deepEqual(reading.unknownKeys.toSorted(), ["logging.levle", "open_ports"]);
});

Deno.test("readNatterConfig() tells all faults at once, with their places", () => {
  const text = `{
  "logging": {"level": "loud", "log_file": 7},
  "status_report": [],
  "open_port": {"tcp": ["3456", "host.example:1", 3457], "udp": "0.0.0.0:3457"},
  "forward_port": {"tcp": ["192.168.1.100:0"]},
  "stun_server": {"udp": ["a:b:c"]},
  "keep_alive": {}
}`;
  assert.deepEqual(faultsOf(text), [
    '2:24 logging.level: expected debug, info, warning, error, not "loud"',
    "2:44 logging.log_file: expected a text in double quotes",
    "3:20 status_report: expected an object in braces",
    '4:25 open_port.tcp[0]: expected ADDRESS:PORT of this machine, not "3456"',
    '4:33 open_port.tcp[1]: expected ADDRESS:PORT of this machine, not "host.example:1"',
    "4:51 open_port.tcp[2]: expected a text in double quotes",
    "4:65 open_port.udp: expected a list in brackets",
    '5:28 forward_port.tcp[0]: expected ADDRESS:PORT, not "192.168.1.100:0"',
    '6:27 stun_server.udp[0]: expected HOST or HOST:PORT, not "a:b:c"',
    "7:17 keep_alive: expected a text in double quotes",
  ]);
});

Deno.test("readNatterConfig() refuses what is no object", () => {
  for (const text of ["", "[]", "7", "null", "{", '{"a" 1}']) assert.notEqual(faultsOf(text).length, 0, text);
});

Deno.test("readNatterConfig() is total", () => {
  const key = fc.constantFrom(
    "logging",
    "open_port",
    "tcp",
    "level",
    "keep_alive",
    "stun_server",
    "hook",
    "x",
  );
  const tree = fc.letrec((tie) => ({
    node: fc.oneof(
      fc.constantFrom<unknown>(...[null, 1, true, "", "a", "0.0.0.0:1", "info"]),
      fc.array(tie("node"), { maxLength: 3 }),
      fc.dictionary(key, tie("node"), { maxKeys: 4 }),
    ),
  })).node;
  fc.assert(fc.property(fc.oneof(fc.string(), tree.map((value) => JSON.stringify(value))), (text) => {
    const reading = readNatterConfig(text);
    if (reading.kind === "faults") assert.notEqual(reading.faults.length, 0);
  }));
});
