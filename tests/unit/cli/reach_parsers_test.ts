import assert from "node:assert/strict";
import fc from "fast-check";
import type { CommandArgs } from "../../../src/cli/command_args.ts";
import { parseCommandLine } from "../../../src/cli/command_line.ts";
import { parseListenSpec, parseReachSpec } from "../../../src/cli/reach_parsers.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { textsOf } from "../../../src/text/texts.ts";

function parse(line: string): CommandArgs {
  const parsed = parseCommandLine(line.split(" "), { texts: textsOf("en") });
  return parsed.kind === "command" ? parsed.args : assert.fail(line);
}

const SHARED = { json: false, logLevel: undefined, quiet: false, lang: undefined };

Deno.test("reachParser() reads an endpoint and every flag", () => {
  const bare = {
    ...{
      command: "reach",
      endpoint: { host: "203.0.113.10", port: 14_500 },
      udp: false,
      ipv6: false,
      stun: [],
    },
    ...{ from: undefined, token: undefined, isPublic: false, target: undefined, listen: undefined },
    ...{ send: undefined, timeoutMs: undefined },
    ...SHARED,
  };
  assert.deepEqual(parse("reach 203.0.113.10:14500"), bare);
  assert.deepEqual(parse("reach 14500 --udp -6"), {
    ...bare,
    endpoint: { port: 14_500 },
    udp: true,
    ipv6: true,
  });
  const line =
    "reach nas.example:22 --from https://r.example/x --token env:T --public --target 22 --listen 192.168.1.2:22 " +
    "--send 00fF --timeout 1500ms --stun s --json";
  assert.deepEqual(parse(line), {
    ...bare,
    endpoint: { host: "nas.example", port: 22 },
    from: "https://r.example/x/",
    token: "env:T",
    isPublic: true,
    target: { host: "127.0.0.1", port: 22 },
    listen: { host: "192.168.1.2", port: 22 },
    send: Uint8Array.of(0, 255),
    timeoutMs: 1500,
    stun: [{ host: "s", port: 3478 }],
    json: true,
  });
});

Deno.test("reflectorParser() reads every flag", () => {
  const line =
    "reflector --listen [2001:DB8::1]:8080 --token file:t --from-address 2001:db8:0::2 --behind-proxy " +
    "--tls-cert c --tls-key k";
  assert.deepEqual(parse(line), {
    ...{ command: "reflector", listen: { address: "2001:db8::1", port: 8080 }, token: "file:t" },
    ...{ fromAddress: "2001:db8::2", isBehindProxy: true, tlsCert: "c", tlsKey: "k" },
    ...SHARED,
  });
});

Deno.test("reachParser() and reflectorParser() say what is wrong, without secrets", () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ["reach", /^ENDPOINT\|PORT is missing/],
    ["reach 0", /Cannot use endpoint "0"/],
    ["reach a:0", /Cannot use endpoint "a:0"/],
    ["reach nas.example", /Cannot use endpoint "nas\.example"/],
    ["reach 2001:db8::1", /Cannot use endpoint/],
    ["reach 70000", /Cannot use endpoint "70000"/],
    ["reach 1 --listen host:5", /--listen: Cannot use "host:5"/],
    ["reach 1 --send 123", /--send: Cannot use "123"/],
    [`reach 1 --send ${"00".repeat(33)}`, /32 bytes/],
    ["reach 1 --timeout never", /--timeout: Cannot use time/],
    ["reach 1 --from r.example", /--from: Cannot use "r\.example"/],
    ["reach 1 --from https://me:hidden@r.example/?t=hidden", /"https:\/\/\*\*\*@r\.example\/\?\*\*\*"/],
    ["reach 1 --from https://r.example/#hidden", /--from/],
    ["reach 1 --form x", /did you mean --from/],
    ["reflector --listen 8080", /--listen: Cannot use endpoint/],
    ["reflector --from-address a", /--from-address/],
  ];
  for (const [line, wanted] of table) {
    assert.throws(() => parse(line), (error) => {
      assert.ok(error instanceof UsageError, line);
      assert.match(error.message, wanted, line);
      assert.doesNotMatch(error.message, /hidden|\n/, line);
      return true;
    });
  }
});

Deno.test("parseReachSpec() and parseListenSpec() are total", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.tuple(fc.ipV4(), fc.nat(70_000)).map(([host, port]) => `${host}:${port}`),
  );
  fc.assert(fc.property(texts, (text) => {
    for (const read of [parseReachSpec, parseListenSpec]) {
      try {
        const { port } = read(text);
        assert.ok(port >= 1 && port <= 65_535);
      } catch (error) {
        assert.ok(error instanceof SyntaxError, `${error}`);
      }
    }
  }));
});
