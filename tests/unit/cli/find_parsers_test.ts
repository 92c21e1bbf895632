import assert from "node:assert/strict";
import fc from "fast-check";
import { parseCommandLine } from "../../../src/cli/command_line.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { LANGS } from "../../../src/text/lang.ts";
import { textsOf } from "../../../src/text/texts.ts";

function parse(line: string): object {
  const parsed = parseCommandLine(line.split(" "), { texts: textsOf("en") });
  assert.equal(parsed.kind, "command", line);
  return parsed.kind === "command" ? parsed.args : {};
}

function refusalOf(line: string, lang: "en" | "zh-CN" = "en"): string {
  try {
    parseCommandLine(line.split(" "), { texts: textsOf(lang) });
  } catch (error) {
    assert.ok(error instanceof UsageError, `${line}: ${error}`);
    assert.ok(!error.message.includes("\n"), line);
    return error.message;
  }
  return assert.fail(`accepted: ${line}`);
}

const SHARED = { json: false, logLevel: undefined, quiet: false, lang: undefined };
const FIND = {
  name: "x.test",
  service: undefined,
  via: "auto",
  server: undefined,
  doh: undefined,
  port: undefined,
  ipv4: false,
  ipv6: false,
  ...SHARED,
};

Deno.test("parseCommandLine() reads resolve, connect and access with nothing but a name", () => {
  assert.deepEqual(parse("resolve x.test"), { command: "resolve", tcp: false, udp: false, ...FIND });
  assert.deepEqual(parse("connect X.Test."), { command: "connect", timeoutMs: 10_000, ...FIND });
  assert.deepEqual(parse("access x.test"), {
    ...{ command: "access", listen: undefined, tcp: false, udp: false, public: false, timeoutMs: 10_000 },
    ...FIND,
  });
});

Deno.test("parseCommandLine() reads every flag of finding", () => {
  const flags =
    "--service ssh_tcp --via pot --server 192.0.2.53 --doh https://1.1.1.1/dns-query --port 2222 -4 -6";
  const read = {
    service: "ssh_tcp",
    via: "pot",
    server: { address: "192.0.2.53", port: 53 },
    doh: "https://1.1.1.1/dns-query",
    port: 2222,
    ipv4: true,
    ipv6: true,
  };
  assert.deepEqual(parse(`resolve x.test ${flags} --udp`), {
    ...{ command: "resolve", tcp: false, ...FIND, ...read, udp: true },
  });
  assert.deepEqual(parse(`access x.test ${flags} --listen 3389 --tcp --udp --public --timeout 3s`), {
    ...{
      command: "access",
      listen: { address: "127.0.0.1", port: 3389 },
      tcp: true,
      udp: true,
      public: true,
    },
    ...{ timeoutMs: 3000, ...FIND, ...read },
  });
});

Deno.test("parseCommandLine() takes addresses and other alphabets as names", () => {
  const names = [["192.0.2.1", "192.0.2.1"], ["[2001:DB8::1]", "2001:db8::1"], [
    "bücher.test",
    "xn--bcher-kva.test",
  ]];
  for (const [typed, name] of names) {
    const args = parse(`resolve ${typed}`);
    assert.equal("name" in args && args.name, name);
  }
});

Deno.test("parseCommandLine() refuses wrong values of finding in one line", () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ["resolve", /^NAME is missing/],
    ["resolve a..b", /^Cannot use name "a\.\.b"/],
    ["resolve 1.2.3", /^Cannot use name "1\.2\.3"/],
    ["resolve x.test --service a_b", /^--service: Cannot use service "a_b"/],
    ["resolve x.test --via dns", /^--via: Cannot use "dns"/],
    ["resolve x.test --server ns.test", /^--server: Cannot use name server "ns\.test"/],
    ["resolve x.test --server 192.0.2.1:0", /^--server: Cannot use name server/],
    ["resolve x.test --doh http://192.0.2.1/", /^--doh: Cannot use "http:/],
    ["resolve x.test --doh nonsense", /^--doh: Cannot use "nonsense"/],
    ["resolve x.test --port 0", /^--port: Cannot use port "0"/],
    ["connect x.test --timeout soon", /^--timeout: /],
    ["access x.test --listen x:1", /^--listen: Cannot listen on "x:1"/],
    ["pot", /^ACTION is missing/],
    ["pot explode", /^Cannot use "explode"/],
    ["ip4p", /^ENDPOINT\|ADDRESS is missing/],
  ];
  for (const [line, words] of rows) assert.match(refusalOf(line), words, line);
  assert.match(refusalOf("resolve x.test --service a_b", "zh-CN"), /服务 “a_b” 无效/);
});

Deno.test("parseCommandLine() takes DNS over HTTP for this machine only", () => {
  for (const url of ["http://127.0.0.1:8053/dns-query", "http://localhost/", "http://[::1]/"]) {
    const args = parse(`resolve x.test --doh ${url}`);
    assert.equal("doh" in args && args.doh, url);
  }
});

Deno.test("parseCommandLine() answers any name and service with a command or one line", () => {
  fc.assert(fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (name, service) => {
    try {
      parseCommandLine(["resolve", "--service", service, "--", name], { texts: textsOf("en") });
    } catch (error) {
      assert.ok(error instanceof UsageError && !error.message.includes("\n"), String(error));
    }
  }));
});

Deno.test("every text of finding has both languages and one line", () => {
  const linesOf = (value: unknown): readonly string[] => {
    if (typeof value === "string") return [value];
    if (typeof value === "function") return linesOf(value("A", "B"));
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(linesOf) : [];
  };
  const [english, chinese] = LANGS.map((lang) => linesOf(textsOf(lang).find));
  assert.equal(english?.length, chinese?.length);
  for (const [i, line] of (english ?? []).entries()) {
    assert.ok(line !== "" && !line.includes("\n"));
    assert.match(chinese?.[i] ?? "", /\p{Script=Han}/u, line);
  }
});
