import assert from "node:assert/strict";
import { parseEndpoint } from "../../../src/core/endpoint.ts";
import { countFlows, droppingChains, hostView, parseSockets } from "../../../src/forward/nft_probe.ts";

const SOCKETS =
  `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0209A8C0:4E9B 0A00020A:01BB 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
   2: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0 0 3
   3: B80D0120000000000000000001000000:0035 00000000000000000000000000000000:0000 07 00000000:00000000 00:0 0 0 0 3
`;

const FLOWS = [
  "ipv4     2 tcp      6 431999 ESTABLISHED src=192.0.2.2 dst=192.168.9.2 sport=1 dport=20123 src=10.77.0.2 dst=192.0.2.2 sport=80 dport=1 [ASSURED] mark=0 zone=0 use=2",
  "ipv4     2 tcp      6 100 TIME_WAIT src=192.0.2.3 dst=192.168.9.2 sport=1 dport=20123 src=10.77.0.2 dst=192.0.2.3 sport=80 dport=1 [ASSURED] mark=0 zone=0 use=2",
  "ipv4     2 tcp      6 431999 ESTABLISHED src=192.168.9.2 dst=198.51.100.1 sport=20123 dport=80 src=198.51.100.1 dst=192.168.9.2 sport=80 dport=20123 [ASSURED] mark=0 use=2",
  "ipv4     2 udp      17 29 src=192.0.2.2 dst=192.168.9.2 sport=5 dport=20123 [UNREPLIED] src=10.77.0.2 dst=192.0.2.2 sport=80 dport=5 mark=0 zone=0 use=2",
  "ipv6     10 udp      17 29 src=2001:0db8:0002:0000:0000:0000:0000:0002 dst=2001:0db8:0009:0000:0000:0000:0000:0002 sport=5 dport=20123 src=fd77:0000:0000:0000:0000:0000:0000:0002 dst=2001:0db8:0002:0000:0000:0000:0000:0002 sport=80 dport=5 mark=0 zone=0 use=2",
  "unknown  2 99",
  "",
].join("\n");

Deno.test("parseSockets() gives what listens or takes datagrams", () => {
  assert.deepEqual(
    parseSockets(SOCKETS),
    ["127.0.0.1:8080", "[::]:80", "[2001:db8::1]:53"].map((t) => parseEndpoint(t)),
  );
  assert.deepEqual(parseSockets(""), []);
});

Deno.test(
  "parseSockets() sees a listener of this process",
  { ignore: Deno.build.os !== "linux" },
  async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const found = parseSockets(await hostView.readText("/proc/net/tcp") ?? "");
    assert.ok(found.some((one) => one.address === "127.0.0.1" && one.port === port));
  },
);

Deno.test("countFlows() counts running flows that came in at the endpoint", () => {
  const at = parseEndpoint("192.168.9.2:20123");
  assert.equal(countFlows(FLOWS, at, "tcp"), 1);
  assert.equal(countFlows(FLOWS, at, "udp"), 1);
  assert.equal(countFlows(FLOWS, parseEndpoint("0.0.0.0:20123"), "tcp"), 1);
  assert.equal(countFlows(FLOWS, parseEndpoint("[2001:db8:9::2]:20123"), "udp"), 1);
  assert.equal(countFlows(FLOWS, parseEndpoint("192.168.9.2:80"), "tcp"), 0);
});

Deno.test("droppingChains() names base chains of others that drop by default", () => {
  const chain = {
    kind: "chain",
    family: "ip",
    table: "filter",
    packets: 0,
    bytes: 0,
    type: "filter",
  } as const;
  const listed = [
    { ...chain, name: "FORWARD", hook: "forward", policy: "drop" },
    { ...chain, name: "INPUT", hook: "input", policy: "accept" },
    { ...chain, name: "DOCKER" },
  ];
  assert.deepEqual(droppingChains(listed, "forward"), ["ip filter FORWARD"]);
  assert.deepEqual(droppingChains(listed, "input"), []);
});

Deno.test("hostView.readText() gives nothing when there is no such file", async () => {
  assert.equal(await hostView.readText("/proc/net/no-such-file"), undefined);
});
