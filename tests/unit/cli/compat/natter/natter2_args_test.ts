import assert from "node:assert/strict";
import fc from "fast-check";
import {
  NATTER2_METHODS,
  type Natter2Args,
  type Natter2Reading,
  readNatter2Args,
} from "../../../../../src/cli/compat/natter/natter2_args.ts";
import { expandIpv4 } from "../../../../../src/config/import/short_ipv4.ts";

function read(line: string): Natter2Reading {
  return readNatter2Args(line === "" ? [] : line.split(" "), { isFile: (path) => !path.startsWith("no") });
}

function argsOf(line: string): Natter2Args {
  const reading = read(line);
  assert.ok(reading.kind === "run", `natter.py ${line}: ${JSON.stringify(reading)}`);
  return reading.args;
}

Deno.test("readNatter2Args() gives the defaults for an empty line", () => {
  assert.deepEqual(argsOf(""), {
    isBare: true,
    isVerbose: false,
    endsOnChange: false,
    protocol: "tcp",
    usesUpnp: false,
    intervalSeconds: 15,
    stunServers: [],
    keepAlive: undefined,
    scripts: [],
    bind: undefined,
    bindPort: 0,
    method: "test",
    targetAddress: undefined,
    targetPort: 0,
    waitsForTarget: false,
  });
});

Deno.test("readNatter2Args() reads every line of the table", () => {
  const table: readonly (readonly [string, Partial<Natter2Args>])[] = [
    ["-u", { protocol: "udp", method: "test" }],
    ["-p 80", { method: "socket", targetAddress: undefined, targetPort: 80 }],
    ["-t 10.1 -p 80", { method: "socket", targetAddress: "10.0.0.1", targetPort: 80 }],
    ["-t 127.0.0.1", { method: "socket", targetAddress: undefined, targetPort: 0 }],
    ["-b 3456", { method: "none", bindPort: 3456 }],
    ["-i eth0", { method: "none", bind: { device: "eth0" } }],
    ["-i 192.168.1.2", { method: "none", bind: { address: "192.168.1.2" } }],
    ["-m iptables", { method: "iptables", targetAddress: undefined, targetPort: 0 }],
    ["-m none -t 1.2.3.4 -p 5", { method: "none" }],
    ["-s a.example -s b.example:1478", {
      stunServers: [{ host: "a.example", port: 3478 }, { host: "b.example", port: 1478 }],
    }],
    ["-h example.com:8080", { keepAlive: { host: "example.com", port: 8080 } }],
    ["-h example.com", { keepAlive: { host: "example.com", port: 80 } }],
    ["-u -h example.com", { keepAlive: { host: "example.com", port: 53 } }],
    ["-k15 -uv", { intervalSeconds: 15, protocol: "udp", isVerbose: true }],
    ["-k 5 -k 7", { intervalSeconds: 7 }],
    ["-qUr", { endsOnChange: true, usesUpnp: true, waitsForTarget: true }],
    ["-e qb.sh", { scripts: [{ path: "qb.sh", key: undefined }] }],
    ["-e cf-redir.py -key ssh cf-service.py", {
      scripts: [{ path: "cf-redir.py", key: undefined }, { path: "cf-service.py", key: "ssh" }],
    }],
    ["-key ssh cf-service.py -p 22", { scripts: [{ path: "cf-service.py", key: "ssh" }], targetPort: 22 }],
  ];
  for (const [line, expected] of table) {
    const args = argsOf(line);
    for (const [key, value] of Object.entries(expected)) {
      assert.deepEqual(args[key as keyof Natter2Args], value, `natter.py ${line}: ${key}`);
    }
  }
  for (const method of NATTER2_METHODS) assert.equal(argsOf(`-m ${method}`).method, method);
});

Deno.test("readNatter2Args() refuses values as Natter does", () => {
  const table: readonly (readonly [string, string])[] = [
    ["-k 0", "Not a positive integer: 0"],
    ["-k -1", "Not a positive integer: -1"],
    ["-m foo", "Unknown method name: foo"],
    ["-e nofile", "File not found: nofile"],
    ["-key ssh nofile", "File not found: nofile"],
    ["-p 70000", "Invalid port number: 70000"],
    ["-b -1", "Invalid port number: -1"],
    ["-s a.example:x", "Invalid port number: x"],
    ["-t host.example", "Invalid IP address: host.example"],
    ["-t 10.1.2.3.4", "Invalid IP address: 10.1.2.3.4"],
    ["-i averylonginterfacename", "Invalid IP address: averylonginterfacename"],
  ];
  for (const [line, message] of table) {
    assert.deepEqual(read(line), { kind: "value-error", message }, `natter.py ${line}`);
  }
});

Deno.test("readNatter2Args() tells usage errors, help, version and check", () => {
  const table: readonly (readonly [string, Natter2Reading])[] = [
    ["--nope", { kind: "usage-error", message: "unrecognized arguments: --nope" }],
    ["-u 3456", { kind: "usage-error", message: "unrecognized arguments: 3456" }],
    ["-key ssh", { kind: "usage-error", message: "argument -k: invalid int value: 'ey'" }],
    ["-p x", { kind: "usage-error", message: "argument -p: invalid int value: 'x'" }],
    ["-h", { kind: "usage-error", message: "argument -h: expected one argument" }],
    ["--help", { kind: "help" }],
    ["-u --he", { kind: "help" }],
    ["--version", { kind: "version" }],
    ["-vV", { kind: "version" }],
    ["--check", { kind: "check" }],
    ["--c", { kind: "check" }],
  ];
  for (const [line, expected] of table) assert.deepEqual(read(line), expected, `natter.py ${line}`);
});

Deno.test("expandIpv4() reads the short forms of inet_aton", () => {
  const table: readonly (readonly [string, string | undefined])[] = [
    ["10.1", "10.0.0.1"],
    ["10.1.258", "10.1.1.2"],
    ["192.168.1.2", "192.168.1.2"],
    ["0", "0.0.0.0"],
    ["2130706433", "127.0.0.1"],
    ["0x7f.1", "127.0.0.1"],
    ["010.1", "8.0.0.1"],
    ["256.1", undefined],
    ["1.2.3.256", undefined],
    ["1.16777216", undefined],
    ["4294967296", undefined],
    ["1.2.3.4.5", undefined],
    ["", undefined],
    ["1..2", undefined],
    ["eth0", undefined],
    ["09", undefined],
  ];
  for (const [text, expected] of table) assert.equal(expandIpv4(text), expected, text);
});

Deno.test("expandIpv4() leaves full addresses as they are", () => {
  fc.assert(fc.property(fc.ipV4(), (address) => {
    assert.equal(expandIpv4(address), address);
  }));
});
