import assert from "node:assert/strict";
import {
  mappingLine,
  tcpCheckLines,
  udpCheckLines,
} from "../../../../../src/cli/compat/natter/natter1_lines.ts";
import {
  checkLines,
  checkResult,
  checkSubject,
  mappedLines,
  type Natter2Route,
  type PortChecks,
  routeLine,
  verdictOf,
} from "../../../../../src/cli/compat/natter/natter2_lines.ts";
import type { NatCheck, NatType } from "../../../../../src/cli/compat/natter/nat_check.ts";

const INNER = { address: "192.168.1.100", port: 80 };
const BIND = { address: "192.168.1.100", port: 43910 };
const OUTER = { address: "203.0.113.10", port: 14600 };
const ROUTE: Natter2Route = { protocol: "tcp", method: "socket", inner: INNER, bind: BIND, outer: OUTER };
const CHECKS: PortChecks = { target: "OPEN", bind: "OPEN", outer: "OPEN", wan: "OPEN" };

Deno.test("mappingLine() writes Python's tuples", () => {
  const mapping = {
    inner: { address: "192.168.1.2", port: 3456 },
    outer: { address: "203.0.113.10", port: 14500 },
  };
  assert.equal(
    mappingLine({ protocol: "tcp", ...mapping }),
    ">>> [TCP] ('192.168.1.2', 3456) -> ('203.0.113.10', 14500) <<<",
  );
  assert.match(mappingLine({ protocol: "udp", ...mapping }), /^>>> \[UDP\] /);
});

Deno.test("udpCheckLines() names every NAT and warns of all but full cones", () => {
  const table: readonly (readonly [NatType, string, RegExp | undefined])[] = [
    ["open", "Open Internet", /^It looks like you are not in a NAT network/],
    ["firewall", "Symmetric UDP firewall", /TCP hole punching may fail\.$/],
    ["full-cone", "Full cone (NAT 1)", undefined],
    ["restricted", "Restricted (NAT 2)", /TCP hole punching may fail\.$/],
    ["port-restricted", "Port restricted (NAT 3)", /TCP hole punching may fail\.$/],
    ["symmetric", "Symmetric (NAT 4)", /TCP hole punching may fail\.$/],
    ["unknown", "Unknown", /Cannot tell .*: because$/],
  ];
  for (const [type, name, warning] of table) {
    const [line, second] = udpCheckLines({ type, mapping: "same", reason: "because" });
    assert.deepEqual(line, { level: "info", text: `NAT Type for UDP: [ ${name} ]` });
    assert.equal(second?.level, warning === undefined ? undefined : "warn");
    if (warning !== undefined) assert.match(second?.text ?? "", warning);
  }
});

Deno.test("tcpCheckLines() tells cones from symmetric NATs by the mapping alone", () => {
  const first = (mapping: NatCheck["mapping"]): string | undefined =>
    tcpCheckLines({ type: "unknown", mapping })[0]?.text;
  assert.equal(first("same"), "NAT Type for TCP: [ Cone NAT ]");
  assert.equal(first("differs"), "NAT Type for TCP: [ Symmetric ]");
  assert.equal(first("unknown"), "NAT Type for TCP: [ Unknown ]");
  assert.equal(tcpCheckLines({ type: "full-cone", mapping: "same" }).length, 1);
  assert.match(
    tcpCheckLines({ type: "symmetric", mapping: "differs" })[1]?.text ?? "",
    /symmetric NAT network\.$/,
  );
});

Deno.test("routeLine() shows the target only where something forwards", () => {
  assert.equal(
    routeLine(ROUTE),
    "tcp://192.168.1.100:80 <--socket--> tcp://192.168.1.100:43910 <--Natter--> tcp://203.0.113.10:14600",
  );
  for (const method of ["none", "test"] as const) {
    assert.equal(
      routeLine({ ...ROUTE, method, inner: BIND }),
      "tcp://192.168.1.100:43910 <--Natter--> tcp://203.0.113.10:14600",
    );
  }
});

Deno.test("mappedLines() has the test mode's lines and the scripts as typed", () => {
  const lines = mappedLines({ ...ROUTE, method: "test", inner: BIND }, ["/opt/qb.sh"]);
  assert.deepEqual([lines[0], lines[2]], ["", ""]);
  assert.deepEqual(lines.slice(3), [
    "Test mode in on.",
    "Please check [ http://203.0.113.10:14600 ]",
    "",
    "Calling script: /opt/qb.sh",
  ]);
  const udp = mappedLines({ ...ROUTE, protocol: "udp", method: "test", inner: BIND }, []);
  assert.ok(udp.includes("Please check [ udp://203.0.113.10:14600 ]"));
  assert.equal(mappedLines(ROUTE, []).length, 3);
});

Deno.test("checkLines() pads addresses to 21 columns", () => {
  assert.deepEqual(checkLines(ROUTE, { ...CHECKS, outer: "CLOSED", wan: "UNKNOWN" }), [
    "LAN > 192.168.1.100:80      [ OPEN ]",
    "LAN > 192.168.1.100:43910   [ OPEN ]",
    "LAN > 203.0.113.10:14600    [ CLOSED ]",
    "WAN > 203.0.113.10:14600    [ UNKNOWN ]",
    "",
  ]);
});

Deno.test("verdictOf() concludes from what was seen only", () => {
  const table: readonly (readonly [Partial<PortChecks>, string | undefined])[] = [
    [{}, undefined],
    [{ target: "CLOSED" }, "!! Target port is closed !!"],
    [{ target: "CLOSED", outer: "CLOSED", wan: "CLOSED" }, "!! Target port is closed !!"],
    [{ outer: "CLOSED", wan: "CLOSED" }, "!! Hole punching failed !!"],
    [{ outer: "OPEN", wan: "CLOSED" }, "!! You may be behind a firewall !!"],
    [{ outer: "CLOSED", wan: "UNKNOWN" }, undefined],
    [{ outer: "UNKNOWN", wan: "CLOSED" }, undefined],
    [{ target: "UNKNOWN", outer: "CLOSED", wan: "CLOSED" }, undefined],
  ];
  for (const [changes, expected] of table) assert.equal(verdictOf({ ...CHECKS, ...changes }), expected);
});

Deno.test("checkSubject() and checkResult() make natter-check's lines", () => {
  assert.equal(
    `${checkSubject("TCP")} ${checkResult(1)}`,
    "Checking TCP NAT...                  [   OK   ] ... NAT Type: 1",
  );
  assert.equal(
    `${checkSubject("UDP")} ${checkResult(4)}`,
    "Checking UDP NAT...                  [  FAIL  ] ... NAT Type: 4",
  );
  assert.deepEqual([0, 5, -1].map((found) => checkResult(found).slice(0, 10)), [
    "[   OK   ]",
    "[  FAIL  ]",
    "[   NA   ]",
  ]);
  assert.equal(checkResult("no network"), "[  FAIL  ] ... no network");
});
