import assert from "node:assert/strict";
import fc from "fast-check";
import { type NatmapArgs, readNatmapArgs } from "../../../../src/config/import/natmap_args.ts";
import { splitNatmapOptions } from "../../../../src/config/import/natmap_options.ts";

const TCP = ["-s", "a", "-h", "b"];

function read(...argv: readonly string[]): NatmapArgs {
  const reading = readNatmapArgs(argv);
  assert.equal(reading.kind, "args", JSON.stringify(reading));
  return reading.kind === "args" ? reading.args : assert.fail();
}

function refused(...argv: readonly string[]): string {
  const reading = readNatmapArgs(argv);
  return reading.kind === "usage" ? reading.reason : assert.fail(JSON.stringify(reading));
}

const words = (line: string): readonly string[] => line.split(" ");

// The table of compat.md 4.1.
Deno.test("readNatmapArgs() takes natmap's own examples", () => {
  assert.deepEqual(read(...words("-s turn.cloudflare.com -h example.com -b 80")), {
    family: 4,
    protocol: "tcp",
    isDaemon: false,
    port: { kind: "fixed", port: 80 },
    interface: undefined,
    mark: undefined,
    intervalMs: 30_000,
    stunCycle: 10,
    stunServers: [{ host: "turn.cloudflare.com", port: 3478 }],
    keepAliveHosts: [{ host: "example.com", port: 80 }],
    script: undefined,
    congestion: undefined,
    idleMs: 300_000,
    target: undefined,
    isJson: false,
    isChecked: false,
  });
  const udp = read(...words("-u -s stun.qq.com -b 443 -t 10.0.0.2 -p 443"));
  assert.equal(udp.protocol, "udp");
  assert.equal(udp.intervalMs, 10_000);
  assert.equal(udp.stunCycle, 10);
  assert.deepEqual(udp.target, { host: "10.0.0.2", port: 443 });
  assert.deepEqual(udp.keepAliveHosts, []);
  const ports = read(...words("-s a:1478 -h b:8080"));
  assert.deepEqual(ports.stunServers, [{ host: "a", port: 1478 }]);
  assert.deepEqual(ports.keepAliveHosts, [{ host: "b", port: 8080 }]);
});

Deno.test("readNatmapArgs() reads every form of a port", () => {
  assert.deepEqual(read(...TCP).port, { kind: "fixed", port: 0 });
  assert.deepEqual(read(...TCP, "-b", "0").port, { kind: "fixed", port: 0 });
  assert.deepEqual(read(...TCP, "-b", "080").port, { kind: "fixed", port: 80 });
  assert.deepEqual(read(...TCP, "-b", "20000~30000").port, { kind: "random", first: 20000, last: 30000 });
  assert.deepEqual(read(...TCP, "-b20000-20002").port, { kind: "in-turn", first: 20000, last: 20002 });
});

Deno.test("readNatmapArgs() falls back on natmap's defaults when a number is 0 or none", () => {
  for (const junk of ["0", "x", "-5", ""]) {
    assert.equal(read(...TCP, "-k", junk).intervalMs, 30_000, junk);
    assert.equal(read("-u", "-s", "a", "-k", junk).intervalMs, 10_000, junk);
    assert.equal(read(...TCP, "-c", junk).stunCycle, 10, junk);
    assert.equal(read(...TCP, "-T", junk).idleMs, 300_000, junk);
  }
  assert.equal(read(...TCP, "-k", "20").intervalMs, 20_000);
  assert.equal(read(...TCP, "-k", "20s").intervalMs, 20_000);
  assert.equal(read(...TCP, "-T7").idleMs, 7000);
  assert.equal(read(...TCP, "-k", "99999999999999999999").intervalMs, 3_600_000);
});

Deno.test("readNatmapArgs() reads marks in C's syntax", () => {
  const marks: readonly (readonly [string, number | undefined])[] = [
    ["0x1", 1],
    ["10", 10],
    ["010", 8],
    ["0", undefined],
    ["0xffffffff", 0xffff_ffff],
  ];
  for (const [text, mark] of marks) assert.equal(read(...TCP, "-f", text).mark, mark, text);
  for (const text of ["0x", "08", "1x", "0x100000000", "4294967296"]) {
    assert.match(refused(...TCP, "-f", text), /mark/, text);
  }
});

Deno.test("readNatmapArgs() tells a device from an address of the family", () => {
  assert.deepEqual(read(...TCP, "-i", "eth0").interface, { kind: "device", name: "eth0" });
  assert.deepEqual(read(...TCP, "-i", "192.168.1.2").interface, { kind: "address", address: "192.168.1.2" });
  assert.deepEqual(read(...TCP, "-6", "-i", "2001:DB8::1").interface, {
    kind: "address",
    address: "2001:db8::1",
  });
  assert.match(refused(...TCP, "-i", "2001:db8::1"), /IPv4/);
});

Deno.test("readNatmapArgs() takes joined flags and glued values as getopt does", () => {
  const args = read("-4u", "-k20", "-sa:1", "-C", "bbr", "-tdb.lan", "-p0");
  assert.equal(args.family, 4);
  assert.equal(args.protocol, "udp");
  assert.equal(args.intervalMs, 20_000);
  assert.deepEqual(args.stunServers, [{ host: "a", port: 1 }]);
  assert.equal(args.congestion, "bbr");
  assert.deepEqual(args.target, { host: "db.lan", port: 0 });
  assert.ok(read("-ud", "-s", "a").isDaemon);
  assert.equal(read("-uk20", "-s", "a").intervalMs, 20_000);
  assert.equal(read("-6", "-4", ...TCP).family, 4);
  assert.equal(read(...TCP, "-k", "5", "-k", "7").intervalMs, 7000);
});

Deno.test("readNatmapArgs() takes IPv6 targets and servers in brackets", () => {
  assert.deepEqual(read(...TCP, "-t", "2001:db8::5", "-p", "22").target, { host: "2001:db8::5", port: 22 });
  assert.deepEqual(read(...TCP, "-t", "[2001:db8::5]", "-p", "22").target, {
    host: "2001:db8::5",
    port: 22,
  });
  assert.deepEqual(read("-6", "-s", "[2001:db8::5]:99", "-h", "b").stunServers, [
    { host: "2001:db8::5", port: 99 },
  ]);
});

Deno.test("readNatmapArgs() adds our servers to natmap's, or does without", () => {
  const more = ["--stun", "c:5", "--stun=d", "--keep-alive", "e"];
  const both = read(...TCP, ...more);
  assert.deepEqual(both.stunServers.map(({ host }) => host), ["a", "c", "d"]);
  assert.deepEqual(both.keepAliveHosts.map(({ host }) => host), ["b", "e"]);
  assert.ok(both.isChecked);
  assert.deepEqual(read(...more).stunServers.map(({ host }) => host), ["c", "d"]);
  assert.ok(read(...TCP, "--json").isJson);
  assert.ok(!read(...TCP, "-d", "--foreground").isDaemon);
});

Deno.test("readNatmapArgs() refuses with a reason what natmap answers with its usage", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /-s is missing/],
    ["-h b", /-s is missing/],
    ["-s a", /-h is missing/],
    ["-s a -h b -b 5-3", /port range "5-3"/],
    ["-s a -h b -b 70000", /port "70000"/],
    ["-s a -h b -t 10.0.0.2", /-t needs -p/],
    ["-s a -h b -p 80", /-p needs -t/],
    ["-s a -h b -t 10.0.0.2 -p 70000", /port "70000"/],
    ["-s a -h b -t 10.0.0.2:1 -p 7", /10\.0\.0\.2:1/],
    ["-s a -h b -v", /unknown option -v/],
    ["-s a -h b -4x", /unknown option -x/],
    ["-s a -h b --help", /unknown option --help/],
    ["-s a -h b --json=1", /unknown option --json/],
    ["-s a -h", /-h needs a value/],
    ["-s a -h b --stun", /--stun needs a value/],
    ["-s a:0 -h b", /port 0/],
    ["-s a:b:c -h b", /a:b:c/],
  ];
  for (const [line, reason] of cases) {
    assert.match(refused(...words(line).filter((word) => word !== "")), reason, line);
  }
});

Deno.test("readNatmapArgs() goes on with a warning where natmap goes on", () => {
  const reading = readNatmapArgs([...TCP, "stray", "-C", "no such", "--", "-x"]);
  assert.equal(reading.kind, "args");
  assert.deepEqual(reading.kind === "args" && reading.warnings, [
    '"stray" belongs to no option and is ignored',
    '"-x" belongs to no option and is ignored',
    'Cannot use congestion control "no such"',
  ]);
});

Deno.test("readNatmapArgs() answers any words with settings or a reason", () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "-s",
      "-h",
      "-k",
      "-b",
      "-t",
      "-p",
      "-f",
      "-i",
      "-4u",
      "--stun",
      "--",
      "a",
      "1",
      "10.0.0.1",
    ),
  );
  fc.assert(fc.property(fc.array(word), (argv) => {
    const reading = readNatmapArgs(argv);
    if (reading.kind === "usage") return reading.reason.length > 0 && !reading.reason.includes("\n");
    return reading.args.stunServers.length > 0 && reading.args.intervalMs >= 1000;
  }));
});

Deno.test("splitNatmapOptions() keeps every option in its order", () => {
  assert.deepEqual(splitNatmapOptions(["-4uk", "20", "x", "--stun=a"]), {
    kind: "words",
    options: [
      { flag: "-4", value: undefined },
      { flag: "-u", value: undefined },
      { flag: "-k", value: "20" },
      { flag: "--stun", value: "a" },
    ],
    rest: ["x"],
  });
});
