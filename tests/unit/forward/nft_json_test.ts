import assert from "node:assert/strict";
import fc from "fast-check";
import {
  Nft,
  NftError,
  parseListing,
  type ProgramResult,
  runProgram,
} from "../../../src/forward/nft_json.ts";

const COMMANDS = [{ add: { table: { family: "inet", name: "porthole" } } }];

function failing(stderr: string): Nft {
  return new Nft(() => Promise.resolve({ status: 1, stdout: "", stderr }));
}

function missing(program: string): Error {
  return Object.assign(new Error(`Failed to spawn '${program}'`), { code: "ENOENT" });
}

Deno.test("Nft.apply() says what was refused when nft fails", async () => {
  const table: readonly [string, string][] = [
    [
      "Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed",
      "nft_permission",
    ],
    ["internal:0:0-0: Error: Could not process rule: Operation not permitted\n", "nft_permission"],
    ["Error: JSON support not compiled-in\n", "nft_unavailable"],
    ["netlink.c:65: Unable to initialize Netlink socket: Protocol not supported\n", "nft_unavailable"],
    ["\ninternal:0:0-0: Error: Could not process rule: Device or resource busy\n", "nft_refused"],
    ["", "nft_refused"],
  ];
  for (const [stderr, code] of table) await assert.rejects(failing(stderr).apply(COMMANDS), { code });
});

Deno.test("Nft.list() finds nothing when the table is not there", async () => {
  assert.deepEqual(
    await failing("Error: No such file or directory\nlist table\n").list("table inet porthole"),
    [],
  );
});

Deno.test("Nft looks in /usr/sbin when nft is not on the PATH", async () => {
  const asked: string[] = [];
  const nft = new Nft((commandLine): Promise<ProgramResult> => {
    asked.push(commandLine[0] ?? "");
    if (commandLine[0] === "nft") return Promise.reject(missing("nft"));
    return Promise.resolve({ status: 0, stdout: "", stderr: "" });
  });
  await nft.apply(COMMANDS);
  await nft.apply(COMMANDS);
  assert.deepEqual(asked, ["nft", "/usr/sbin/nft", "/usr/sbin/nft"]);
});

Deno.test("Nft names iptables when there is nothing else", async () => {
  const nft = new Nft(([program = ""]) =>
    program === "iptables"
      ? Promise.resolve({ status: 0, stdout: "iptables v1.8.9 (legacy)\n", stderr: "" })
      : Promise.reject(missing(program))
  );
  await assert.rejects(nft.list("chains"), {
    code: "nft_unavailable",
    message: /iptables v1\.8\.9 \(legacy\) only/,
  });
  const bare = new Nft(([program = ""]) => Promise.reject(missing(program)));
  await assert.rejects(bare.list("chains"), {
    code: "nft_unavailable",
    message: /install the package nftables/,
  });
});

Deno.test("parseListing() reads chains, sets and counters", () => {
  const text = JSON.stringify({
    nftables: [
      { metainfo: { version: "1.0.6" } },
      { table: { family: "inet", name: "porthole", handle: 1 } },
      {
        chain: {
          family: "ip",
          table: "filter",
          name: "FORWARD",
          type: "filter",
          hook: "forward",
          policy: "drop",
        },
      },
      { counter: { family: "inet", table: "porthole", name: "c", packets: 2, bytes: 120 } },
      { rule: { family: "inet", table: "porthole", chain: "x", expr: [] } },
    ],
  });
  assert.deepEqual(
    parseListing(text),
    [
      {
        kind: "chain",
        family: "ip",
        table: "filter",
        name: "FORWARD",
        packets: 0,
        bytes: 0,
        type: "filter",
      } as const,
      { kind: "counter", family: "inet", table: "porthole", name: "c", packets: 2, bytes: 120 } as const,
    ].map((one) => one.kind === "chain" ? { ...one, hook: "forward", policy: "drop" } : one),
  );
  assert.deepEqual(parseListing("\n"), []);
});

Deno.test("parseListing() gives a list or one named error for any text", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.array(fc.jsonValue()).map((nftables) => JSON.stringify({ nftables })),
  );
  fc.assert(fc.property(texts, (text) => {
    try {
      assert.ok(Array.isArray(parseListing(text)));
    } catch (error) {
      assert.ok(error instanceof NftError && error.code === "nft_refused");
    }
  }));
});

Deno.test("runProgram() hands over input, output and status", async () => {
  const result = await runProgram(["sh", "-c", "cat; echo fault >&2; exit 3"], "words");
  assert.deepEqual(result, { status: 3, stdout: "words", stderr: "fault\n" });
  await assert.rejects(runProgram(["porthole-no-such-program"]), { code: "ENOENT" });
});

Deno.test("runProgram() survives a program that reads nothing", async () => {
  assert.equal((await runProgram(["true"], "x".repeat(1_000_000))).status, 0);
});
