import assert from "node:assert/strict";
import fc from "fast-check";
import type { OpenArgs } from "../../../src/cli/command_args.ts";
import { type CommandLine, parseCommandLine } from "../../../src/cli/command_line.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import type { Lang } from "../../../src/text/lang.ts";
import { textsOf } from "../../../src/text/texts.ts";

function parse(line: string, lang: Lang = "en"): CommandLine {
  return parseCommandLine(line === "" ? [] : line.split(" "), { texts: textsOf(lang) });
}

function textOf(line: string, lang: Lang = "en"): string {
  const parsed = parse(line, lang);
  assert.equal(parsed.kind, "text", line);
  return parsed.kind === "text" ? parsed.text : "";
}

function refusalOf(line: string, lang: Lang = "en"): string {
  try {
    parse(line, lang);
  } catch (error) {
    assert.ok(error instanceof UsageError, `${line}: ${error}`);
    assert.ok(!error.message.includes("\n"), line);
    return error.message;
  }
  return assert.fail(`accepted: ${line}`);
}

const OPEN: OpenArgs = {
  command: "open",
  bind: { port: { kind: "fixed", port: 3456 } },
  tcp: false,
  udp: false,
  ipv4: false,
  ipv6: false,
  stun: [],
  keepAlive: [],
  intervalMs: undefined,
  interface: undefined,
  mark: undefined,
  exec: undefined,
  name: undefined,
  test: false,
  noReuse: false,
  waitForService: false,
  force: false,
  gateway: undefined,
  json: false,
  logLevel: undefined,
  quiet: false,
  lang: undefined,
};

Deno.test("parseCommandLine() reads open with nothing but a port", () => {
  assert.deepEqual(parse("open 3456"), { kind: "command", args: OPEN });
});

Deno.test("parseCommandLine() reads every flag of open, in any order", () => {
  const line =
    "open --json --udp --tcp -6 --stun a --stun b:99 --keep-alive c --interval 2m --interface eth0 --mark 7 " +
    "3456 --exec ./x.sh --name web --test --no-reuse --wait-for-service --force --gateway 192.168.1.1 --quiet --log-level warn --lang zh-CN";
  assert.deepEqual(parse(line), {
    kind: "command",
    args: {
      ...OPEN,
      tcp: true,
      udp: true,
      ipv6: true,
      stun: [{ host: "a", port: 3478 }, { host: "b", port: 99 }],
      keepAlive: [{ host: "c", port: 80 }],
      intervalMs: 120_000,
      interface: { kind: "device", name: "eth0" },
      mark: 7,
      exec: "./x.sh",
      name: "web",
      test: true,
      noReuse: true,
      waitForService: true,
      force: true,
      gateway: { kind: "router", address: "192.168.1.1" },
      json: true,
      quiet: true,
      logLevel: "warn",
      lang: "zh-CN",
    },
  });
});

Deno.test("parseCommandLine() reads --flag=value and --", () => {
  assert.deepEqual(parse("open --interval=15s 3456"), parse("open --interval 15s -- 3456"));
});

Deno.test("parseCommandLine() reads the other commands", () => {
  const kinds = [
    "stun",
    "stun a b:1 --udp",
    "stun-server --listen 1.2.3.4:5 --alternate 1.2.3.5",
    "demo",
    "ip4p x",
  ];
  const commands = kinds.map((line) => {
    const parsed = parse(line);
    return parsed.kind === "command" ? parsed.args.command : undefined;
  });
  assert.deepEqual(commands, ["stun", "stun", "stun-server", "demo", "ip4p"]);
});

Deno.test("parseCommandLine() says what is wrong and where help is", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["open", /^\[IP:\]PORT is missing; see "porthole open --help"$/],
    [
      "check --bind 192.168.9.2:0",
      /--bind: Cannot use "192.168.9.2:0": expected a local port .*, or IP:PORT/,
    ],
    ["open 99999", /^Cannot use port "99999": expected 0 to 65535/],
    ["open 1 2", /^Unexpected "2"; see/],
    ["open 1 --stun", /^--stun needs a value: HOST\[:PORT\]; see/],
    ["open 1 --stun a:0", /^--stun: Cannot use server "a:0"/],
    ["open 1 --udp --udp", /^--udp was given twice/],
    ["open 1 --udp=1", /^--udp takes no value/],
    ["open 1 --mark x", /^--mark: Cannot use mark "x"/],
    ["open 1 --interval 5x", /^--interval: Cannot use time "5x"/],
    ["open 1 --name ", /^--name: Cannot use name ""/],
    ["open 1 --log-level loud", /^--log-level: Cannot use "loud": expected debug, info, warn, error/],
    ["open 1 --lang fr", /^--lang: Cannot use "fr": expected en, zh-CN/],
    ["stun-server --listen nowhere", /^--listen: Cannot use endpoint "nowhere"/],
    ["demo now", /^Unexpected "now"/],
    ["ip4p", /^ENDPOINT\|ADDRESS is missing/],
    ["--json open 1", /^Unexpected "--json"; see "porthole --help"$/],
    ["completions", /^SHELL is missing: one of bash/],
    ["completions tcsh", /^Cannot use "tcsh": expected bash/],
  ];
  for (const [line, want] of cases) assert.match(refusalOf(line), want, line);
});

Deno.test("parseCommandLine() suggests what was probably meant", () => {
  assert.match(refusalOf("open 1 --upd"), /did you mean --udp;/);
  assert.match(refusalOf("open 1 --jsno=1"), /did you mean --json;/);
  assert.match(refusalOf("opne 1"), /did you mean open;/);
  assert.match(refusalOf("stun-srver"), /did you mean stun-server;/);
  assert.match(refusalOf("--vesion"), /did you mean --version;/);
  assert.doesNotMatch(refusalOf("open 1 --zzzzzz"), /did you mean/);
});

Deno.test("parseCommandLine() refuses in the language of the texts", () => {
  assert.match(refusalOf("open 1 --upd", "zh-CN"), /^无法识别 “--upd”；是否想输入 --udp；参见/);
  assert.match(refusalOf("open 99999", "zh-CN"), /^端口 “99999” 无效/);
});

Deno.test("parseCommandLine() gives help everywhere", () => {
  const root = textOf("--help");
  for (const word of ["open", "stun", "stun-server", "demo", "ip4p", "completions", "--version"]) {
    assert.ok(root.includes(word), word);
  }
  const open = textOf("open --help");
  const flags = [
    "--tcp",
    "--udp",
    "-4",
    "-6",
    "--stun",
    "--keep-alive",
    "--interval",
    "--interface",
    "--mark",
  ];
  for (const flag of [...flags, "--exec", "--name", "--test", "--force", "--json", "--quiet", "--lang"]) {
    assert.match(open, new RegExp(`^ +${flag}\\b`, "m"), flag);
  }
  assert.match(textOf("open -h 3456 --udp"), /Usage: porthole open/);
  for (const command of ["stun", "stun-server", "demo", "ip4p", "completions"]) {
    assert.match(textOf(`${command} --help`), new RegExp(`Usage: porthole ${command}`), command);
  }
  assert.match(textOf("open --help", "zh-CN"), /用法：porthole open/);
});

Deno.test("parseCommandLine() prints a short start when there is nothing to parse, and the version", () => {
  assert.match(textOf(""), /porthole open 3456 --test/);
  assert.match(textOf("--version"), /^\d+\.\d+\.\d+$/);
});

Deno.test("parseCommandLine() completes commands, flags and values", () => {
  assert.match(textOf("completions bash"), /complete .*porthole/);
  assert.match(textOf("completions bash op"), /^open\b/m);
  assert.match(textOf("completions bash open --inter"), /^--interface\b/m);
  assert.match(textOf("completions bash open --log-level w"), /^warn\b/m);
});

Deno.test("parseCommandLine() gives a command, a text or UsageError for any words", () => {
  const words = fc.array(
    fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom(
        "open",
        "stun",
        "ip4p",
        "demo",
        "--stun",
        "--udp",
        "-4",
        "--help",
        "1",
        "a:1",
        "--",
        "completions",
      ),
    ),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(words, (args) => {
      try {
        parseCommandLine(args, { texts: textsOf("en") });
      } catch (error) {
        assert.ok(error instanceof UsageError, `${JSON.stringify(args)}: ${error}`);
      }
    }),
    { numRuns: 300 },
  );
});
