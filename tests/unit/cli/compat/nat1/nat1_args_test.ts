import assert from "node:assert/strict";
import { type Nat1Args, readNat1Args } from "../../../../../src/cli/compat/nat1/nat1_args.ts";

const NONE: Nat1Args = {
  isHelp: false,
  isVersion: false,
  isDebug: false,
  isNatTest: false,
  local: undefined,
  remote: undefined,
  config: "config.json",
  queries: [],
  webhookStyle: undefined,
  own: { stun: [], keepAlive: [], json: false },
};

const java = { edition: "java", family: 4 } as const;
const bedrock = { edition: "bedrock", family: 4 } as const;

Deno.test("readNat1Args() reads every flag in every spelling", () => {
  const table: readonly (readonly [readonly string[], Partial<Nat1Args>])[] = [
    [[], {}],
    [["-h"], { isHelp: true }],
    [["--help"], { isHelp: true }],
    [["-v"], { isVersion: true }],
    [["--version"], { isVersion: true }],
    [["-d"], { isDebug: true }],
    [["--debug", "--nat-type-test"], { isDebug: true, isNatTest: true }],
    [["-dt"], { isDebug: true, isNatTest: true }],
    [["-dtl:80"], { isDebug: true, isNatTest: true, local: ":80" }],
    [["-l"], { local: ":" }],
    [["-l", "-t"], { local: ":", isNatTest: true }],
    [["-l", ":25566"], { local: ":25566" }],
    [["-l:25566"], { local: ":25566" }],
    [["-l=:25566"], { local: ":25566" }],
    [["--local=192.168.1.50"], { local: "192.168.1.50" }],
    [["--local", ""], { local: "" }],
    [["-l", "-1"], { local: "-1" }],
    [["-r", "10.0.0.2:80", "-l25566"], { remote: "10.0.0.2:80", local: "25566" }],
    [["-l", "1", "-l", "2"], { local: "2" }],
    [["-c", "my.json"], { config: "my.json" }],
    [["--config=my.json"], { config: "my.json" }],
    [["-q"], {
      queries: [
        { edition: "java", family: "auto", host: "" },
        { edition: "bedrock", family: "auto", host: "" },
      ],
    }],
    [["-qj", "mc.example.com"], { queries: [{ ...java, host: "mc.example.com" }] }],
    [["-qj6=[::1]"], { queries: [{ ...java, family: 6, host: "[::1]" }] }],
    [["--query-java-v6", "h"], { queries: [{ ...java, family: 6, host: "h" }] }],
    [["-qb", ":0", "-qb6"], {
      queries: [{ ...bedrock, host: ":0" }, { ...bedrock, family: 6, host: "" }],
    }],
    [["--webhook-style", "nat1-records"], { webhookStyle: "nat1-records" }],
    [["--json", "--stun", "s.example", "--keep-alive=k.example:8080"], {
      own: {
        json: true,
        stun: [{ host: "s.example", port: 3478 }],
        keepAlive: [{ host: "k.example", port: 8080 }],
      },
    }],
  ];
  for (const [argv, wanted] of table) {
    assert.deepEqual(readNat1Args(argv), { kind: "args", args: { ...NONE, ...wanted } }, argv.join(" "));
  }
});

Deno.test("readNat1Args() refuses abbreviations and whatever else it does not know", () => {
  const table: readonly (readonly [readonly string[], string])[] = [
    [["--loc", ":1"], "unrecognized arguments: --loc"],
    [["--query-j"], "unrecognized arguments: --query-j"],
    [["-x"], "unrecognized arguments: -x"],
    [["-dx"], "unrecognized arguments: -x"],
    [["word"], "unrecognized arguments: word"],
    [["-t", "25565"], "unrecognized arguments: 25565"],
    [["--"], "unrecognized arguments: --"],
    [["-"], "unrecognized arguments: -"],
    [["--debug=1"], "argument -d: ignored explicit argument '1'"],
    [["-d="], "argument -d: ignored explicit argument ''"],
    [["-c"], "argument -c: expected one argument"],
    [["-c", "-d"], "argument -c: expected one argument"],
    [["--webhook-style", "json"], "argument --webhook-style: expected nat1 or nat1-records"],
    [["--stun"], "argument --stun: expected one argument"],
  ];
  for (const [argv, message] of table) {
    assert.deepEqual(readNat1Args(argv), { kind: "fault", message }, argv.join(" "));
  }
});
