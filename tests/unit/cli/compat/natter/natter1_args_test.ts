import assert from "node:assert/strict";
import { type Natter1Args, readNatter1Args } from "../../../../../src/cli/compat/natter/natter1_args.ts";

function punch(changes: Partial<Extract<Natter1Args, { kind: "punch" }>> = {}): Natter1Args {
  const plain = { address: "0.0.0.0", port: 3456, servesTestPage: false, isVerbose: false };
  return { kind: "punch", ...plain, ...changes };
}

const USAGE: Natter1Args = { kind: "usage" };

const TABLE: readonly (readonly [string, Natter1Args])[] = [
  ["3456", punch()],
  ["192.168.1.2 3456", punch({ address: "192.168.1.2" })],
  ["-t 3456", punch({ servesTestPage: true })],
  ["3456 -t", punch({ servesTestPage: true })],
  ["-v -t 0.0.0.0 3456", punch({ servesTestPage: true, isVerbose: true })],
  ["--check-nat", { kind: "check-nat", address: "0.0.0.0", port: 0, isVerbose: false }],
  ["--check-nat 3456", { kind: "check-nat", address: "0.0.0.0", port: 3456, isVerbose: false }],
  ["192.168.1.2 --check-nat 3456", {
    kind: "check-nat",
    address: "192.168.1.2",
    port: 3456,
    isVerbose: false,
  }],
  ["-c FILE", { kind: "config", file: "FILE" }],
  ["-v -t -c FILE", { kind: "config", file: "FILE" }],
  ["", USAGE],
  ["-x", USAGE],
  ["-vt 3456", USAGE],
  ["1 2 3", USAGE],
  ["-c", USAGE],
  ["abc", USAGE],
  ["-v", USAGE],
  ["70000", USAGE],
  ["192.168.1.300 3456", USAGE],
  ["::1 3456", USAGE],
  ["3456 192.168.1.2", USAGE],
  ["-c FILE 3456", USAGE],
  ["-c FILE --check-nat", USAGE],
];

Deno.test("readNatter1Args() reads every form of Natter 0.9 and nothing else", () => {
  for (const [line, expected] of TABLE) {
    assert.deepEqual(readNatter1Args(line === "" ? [] : line.split(" ")), expected, `natter.py ${line}`);
  }
});
