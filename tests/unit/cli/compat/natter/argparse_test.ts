import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ArgparseOption,
  pythonInt,
  readArgparse,
} from "../../../../../src/cli/compat/natter/argparse.ts";

const OPTIONS: readonly ArgparseOption[] = [
  { names: ["--version", "-V"], value: "none", isFinal: true },
  { names: ["--verbose"], value: "none" },
  { names: ["--check"], value: "none" },
  { names: ["--file"], value: "text" },
  { names: ["-u"], value: "none" },
  { names: ["-v"], value: "none" },
  { names: ["-k"], value: "int" },
  { names: ["-s"], value: "text" },
];

/** `name=text` of each option found, or the complaint. */
function read(...words: string[]): string {
  const reading = readArgparse(words, OPTIONS);
  if (reading.kind === "final") return `final ${reading.name}`;
  if (reading.kind === "error") return reading.message;
  return reading.found.map(({ name, text }) => text === "" ? name : `${name}=${text}`).join(" ");
}

Deno.test("readArgparse() reads joined, glued and abbreviated options", () => {
  const table: readonly (readonly [readonly string[], string])[] = [
    [[], ""],
    [["-u", "-v"], "-u -v"],
    [["-uv"], "-u -v"],
    [["-k15"], "-k=15"],
    [["-k=15"], "-k=15"],
    [["-k", "15"], "-k=15"],
    [["-uvk15"], "-u -v -k=15"],
    [["-uk", "15"], "-u -k=15"],
    [["-s", "a", "-s", "b"], "-s=a -s=b"],
    [["--che"], "--check"],
    [["--fi", "x"], "--file=x"],
    [["--file=x=y"], "--file=x=y"],
    [["-k", "-1"], "-k=-1"],
    [["-s", "-"], "-s=-"],
    [["-s", "-a b"], "-s=-a b"],
    [["-uV", "-k", "x"], "final --version"],
  ];
  for (const [words, expected] of table) assert.equal(read(...words), expected, words.join(" "));
});

Deno.test("readArgparse() complains as argparse does", () => {
  const table: readonly (readonly [readonly string[], string])[] = [
    [["--nope"], "unrecognized arguments: --nope"],
    [["-u", "a", "--nope=1", "b"], "unrecognized arguments: a --nope=1 b"],
    [["-x"], "unrecognized arguments: -x"],
    [["-k"], "argument -k: expected one argument"],
    [["-k", "-u"], "argument -k: expected one argument"],
    [["-s", "--", "a"], "argument -s: expected one argument"],
    [["-k", "x"], "argument -k: invalid int value: 'x'"],
    [["-key", "ssh", "f"], "argument -k: invalid int value: 'ey'"],
    [["-k="], "argument -k: invalid int value: ''"],
    [["-ux"], "argument -u: ignored explicit argument 'x'"],
    [["--check=1"], "argument --check: ignored explicit argument '1'"],
    [["--ver"], "ambiguous option: --ver could match --version, --verbose"],
    [["--nope", "-k", "x"], "argument -k: invalid int value: 'x'"],
    [["--", "-u"], "unrecognized arguments: -u"],
  ];
  for (const [words, expected] of table) assert.equal(read(...words), expected, words.join(" "));
});

Deno.test("readArgparse() gives a reading for any words", () => {
  const word = fc.oneof(fc.string(), fc.constantFrom("-u", "-k", "-k3", "--check", "--", "-", "-s"));
  fc.assert(fc.property(fc.array(word), (words) => {
    assert.ok(["options", "final", "error"].includes(readArgparse(words, OPTIONS).kind));
  }));
});

Deno.test("pythonInt() reads what int() reads", () => {
  assert.deepEqual(["15", "+5", "-3", " 7 ", "1_000", "007", "-0"].map(pythonInt), [
    15,
    5,
    -3,
    7,
    1000,
    7,
    0,
  ]);
  assert.deepEqual(["", "1.5", "0x10", "1__0", "_1", "ey"].map(pythonInt), new Array(6).fill(undefined));
});
