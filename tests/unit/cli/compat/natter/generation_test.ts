import assert from "node:assert/strict";
import fc from "fast-check";
import { generationOf } from "../../../../../src/cli/compat/natter/generation.ts";

/** Every line of compat.md 1.1 and 2.1, and what lies between them. */
const TABLE: readonly (readonly [string, "0.9" | "2"])[] = [
  ["3456", "0.9"],
  ["192.168.1.2 3456", "0.9"],
  ["-t 3456", "0.9"],
  ["3456 -t", "0.9"],
  ["-v -t 0.0.0.0 3456", "0.9"],
  ["-v 3456", "0.9"],
  ["--check-nat", "0.9"],
  ["--check-nat 3456", "0.9"],
  ["--check-nat 192.168.1.2 3456", "0.9"],
  ["-c natter-config.json", "0.9"],
  ["-v -c natter-config.json", "0.9"],
  ["-x", "0.9"],
  ["-vt 3456", "0.9"],
  ["1 2 3", "0.9"],
  ["-c", "0.9"],
  ["abc", "0.9"],
  ["-v abc", "0.9"],
  ["", "2"],
  ["-v", "2"],
  ["-t", "2"],
  ["-u", "2"],
  ["-uv", "2"],
  ["-p 80", "2"],
  ["-k15", "2"],
  ["-t 10.1", "2"],
  ["-v -t 192.168.1.50", "2"],
  ["-vt 192.168.1.50", "2"],
  ["-t10.1", "2"],
  ["-vt10.1", "2"],
  ["-t 10.1 -p 80", "2"],
  ["-t 3456 -p 80", "2"],
  ["-b 3456", "2"],
  ["-i eth0", "2"],
  ["-m iptables", "2"],
  ["-s a.example -s b.example:1478", "2"],
  ["-h example.com:8080", "2"],
  ["-e nofile", "2"],
  ["-t host.example", "2"],
  ["-e cf-redir.py -key ssh cf-service.py", "2"],
  ["--nope", "2"],
  ["--check", "2"],
  ["--version", "2"],
  ["-V", "2"],
  ["--help", "2"],
];

Deno.test("generationOf() tells 0.9 from 2 by the rest of the line", () => {
  for (const [line, expected] of TABLE) {
    assert.equal(generationOf(line === "" ? [] : line.split(" ")), expected, `natter ${line}`);
  }
});

Deno.test("generationOf() gives one of both for any words", () => {
  fc.assert(fc.property(fc.array(fc.string()), (words) => {
    assert.ok(["0.9", "2"].includes(generationOf(words)));
  }));
});
