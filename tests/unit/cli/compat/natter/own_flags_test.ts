import assert from "node:assert/strict";
import { takeOwnFlags } from "../../../../../src/cli/compat/natter/own_flags.ts";

Deno.test("takeOwnFlags() takes ours and leaves Natter's in their order", () => {
  const line = "-u --stun a.example --json -p 80 --stun=b.example:1478 --keep-alive c.example";
  assert.deepEqual(takeOwnFlags(line.split(" ")), {
    kind: "flags",
    flags: {
      stun: [{ host: "a.example", port: 3478 }, { host: "b.example", port: 1478 }],
      keepAlive: [{ host: "c.example", port: 80 }],
      json: true,
    },
    rest: ["-u", "-p", "80"],
  });
});

Deno.test("takeOwnFlags() refuses a missing or malformed server", () => {
  const message = (line: string): string | undefined => {
    const reading = takeOwnFlags(line.split(" "));
    return reading.kind === "fault" ? reading.message : undefined;
  };
  assert.equal(message("3456 --stun"), "argument --stun: expected one argument");
  assert.equal(message("--keep-alive a:b:c"), "argument --keep-alive: invalid server: 'a:b:c'");
  assert.equal(message("--stun=a:0"), "argument --stun: invalid server: 'a:0'");
});

Deno.test("takeOwnFlags() does not touch what only begins like ours", () => {
  const words = ["--stunned", "--jsonl", "--keep", "-s", "x"];
  assert.deepEqual(takeOwnFlags(words), {
    kind: "flags",
    flags: { stun: [], keepAlive: [], json: false },
    rest: words,
  });
});
