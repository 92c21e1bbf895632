import assert from "node:assert/strict";
import type { ByteSink } from "../../../src/cli/output.ts";
import { runPot } from "../../../src/cli/pot.ts";
import { runCli } from "../../../src/cli/run_cli.ts";
import type { HostSession } from "../../../src/cli/session.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { textsOf } from "../../../src/text/texts.ts";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(...args: readonly string[]): Promise<Ended> {
  const seen = { stdout: "", stderr: "" };
  const sink = (name: "stdout" | "stderr"): ByteSink => ({
    write(bytes): Promise<number> {
      seen[name] += new TextDecoder().decode(bytes);
      return Promise.resolve(bytes.length);
    },
  });
  const code = await runCli(args, {
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    readEnv: () => undefined,
    width: undefined,
    hasColors: { stdout: false, stderr: false },
    programName: "deno",
    date: () => new Date(0),
    exit: () => assert.fail("exit was called"),
  });
  return { code, ...seen };
}

async function refusal(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  assert.deepEqual([code, stdout], [2, ""], args.join(" "));
  assert.match(stderr, /^porthole: [^\n]+\n$/);
  return stderr;
}

const THREE = "c3NoX3RjcDoxMjM0NQpmdHBfdGNwOjM0NTY3CnJkcF90Y3A6MjM0MjE=";

Deno.test("porthole pot encode writes the content of compat.md", async () => {
  assert.equal((await run("pot", "encode", "ssh_tcp:12345")).stdout, "c3NoX3RjcDoxMjM0NQ==\n");
  assert.equal(
    (await run("pot", "encode", "ssh_tcp:12345", "ftp_tcp:34567", "rdp_tcp:23421")).stdout,
    `${THREE}\n`,
  );
  const json = JSON.parse((await run("pot", "encode", "ssh_tcp:1", "ssh_tcp:2", "--json")).stdout);
  assert.deepEqual(json.entries, [{ key: "ssh_tcp", port: 2 }]);
});

Deno.test("porthole pot decode prints entries, from an argument or stdin", async () => {
  const lines = "ssh_tcp:12345\nftp_tcp:34567\nrdp_tcp:23421\n";
  assert.equal((await run("pot", "decode", THREE)).stdout, lines);
  assert.equal((await run("pot", "decode", `"${THREE.slice(0, 9)}" "${THREE.slice(9)}"`)).stdout, lines);
  assert.deepEqual(JSON.parse((await run("pot", "decode", THREE, "--json")).stdout).entries[2], {
    key: "rdp_tcp",
    port: 23_421,
  });
});

Deno.test("porthole pot set changes entries and keeps the others in order", async () => {
  const changed = "c3NoX3RjcDo1MDAwMApmdHBfdGNwOjM0NTY3CnJkcF90Y3A6MjM0MjE=";
  assert.equal((await run("pot", "set", THREE, "ssh_tcp:50000")).stdout, `${changed}\n`);
  const added = "c3NoX3RjcDo1MDAwMApmdHBfdGNwOjM0NTY3CnJkcF90Y3A6MjM0MjEKd2dfdWRwOjQxNjQx";
  assert.equal((await run("pot", "set", changed, "wg_udp:41641")).stdout, `${added}\n`);
  assert.equal((await run("pot", "set", "", "ssh_tcp:12345")).stdout, "c3NoX3RjcDoxMjM0NQ==\n");
});

Deno.test("porthole pot refuses what it cannot use in one line", async () => {
  assert.match(await refusal("pot", "encode"), /missing after pot encode/);
  assert.match(await refusal("pot", "set", THREE), /missing after pot set/);
  for (const entry of ["ssh_tcp", "ssh:22", "ssh_tcp:0", "ssh_tcp:70000", "a b_tcp:1", ":1"]) {
    assert.match(await refusal("pot", "encode", entry), /Cannot use entry/, entry);
  }
  for (const content of ["v=spf1 -all", "c3NoX3RjcDo5OTk5OTk=", "!", "A".repeat(20_000)]) {
    assert.match(await refusal("pot", "decode", content), /it is no POT content/, content.slice(0, 20));
    assert.match(await refusal("pot", "set", content, "ssh_tcp:1"), /it is no POT content/);
  }
  assert.match(await refusal("pot", "decode", THREE, "x"), /too much after pot decode/);
});

Deno.test("runPot() reads stdin for -, and not without bound", async () => {
  const lines: string[] = [];
  const session = {
    texts: textsOf("en"),
    isJson: false,
    output: { line: (text: string) => lines.push(text) },
  };
  const decode = (chunk: (buffer: Uint8Array) => number | null): Promise<number> =>
    runPot(
      {
        command: "pot",
        action: "decode",
        words: ["-"],
        json: false,
        logLevel: undefined,
        quiet: false,
        lang: undefined,
      },
      session as unknown as HostSession,
      { read: (buffer) => Promise.resolve(chunk(buffer)) },
    );
  const parts = [THREE.slice(0, 7), THREE.slice(7), "\n"];
  await decode((buffer) => {
    const part = parts.shift();
    return part === undefined ? null : new TextEncoder().encodeInto(part, buffer).written;
  });
  assert.equal(lines[0], "ssh_tcp:12345");
  await assert.rejects(decode((buffer) => buffer.length), UsageError);
});

Deno.test("porthole ip4p goes either way, and one way when told", async () => {
  const rows = [
    [["203.0.113.10:14500"], "2001::38a4:cb00:710a\n"],
    [["encode", "203.0.113.10:14500"], "2001::38a4:cb00:710a\n"],
    [["2001::38a4:cb00:710a"], "203.0.113.10:14500\n"],
    [["decode", "2001:0:0:0:0:38A4:CB00:710A"], "203.0.113.10:14500\n"],
    [["decode", "[2001::355:101:101]"], "1.1.1.1:853\n"],
    [["encode", "1.1.1.1:853"], "2001::0355:0101:0101\n2001::355:101:101\n"],
  ] as const;
  for (const [args, stdout] of rows) {
    assert.deepEqual(await run("ip4p", ...args), { code: 0, stdout, stderr: "" }, args.join(" "));
  }
});

Deno.test("porthole ip4p refuses look-alikes and too many words", async () => {
  for (const address of ["2001:db8::1", "2001:0:1::1:2:3", "203.0.113.10:1", "x"]) {
    assert.match(await refusal("ip4p", "decode", address), /it is no IP4P address/);
  }
  for (const endpoint of ["2001::38a4:cb00:710a", "[2001:db8::1]:1", "1.1.1.1", "x"]) {
    assert.match(await refusal("ip4p", "encode", endpoint), /expected an IPv4 endpoint/);
  }
  assert.match(await refusal("ip4p", "encode"), /missing after ip4p encode/);
  assert.match(await refusal("ip4p", "1.1.1.1:1", "2.2.2.2:2"), /too much/);
});

Deno.test("commands of finding refuse flags that contradict each other", async () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ["resolve x.test --tcp --udp", /--tcp.*--udp/],
    ["resolve x.test --service ssh_tcp --udp", /--service ssh_tcp.*--udp/],
    ["resolve x.test --server 192.0.2.1 --doh https://a/", /--server.*--doh/],
    ["connect x.test --service wg_udp", /runs over UDP, for which there is access/],
    ["access x.test --service rdp", /--listen is missing/],
    [
      "access x.test --listen 0.0.0.0:3389 --service rdp",
      /0\.0\.0\.0:3389: other machines would get in; say --public/,
    ],
    ["access x.test --listen 127.0.0.1:3389 --service mcje --udp", /--service mcje.*--udp/],
  ];
  for (const [line, words] of rows) assert.match(await refusal(...line.split(" ")), words, line);
});
