import assert from "node:assert/strict";
import fc from "fast-check";
import { readSecret, secretFileOf } from "../../../src/config/secrets.ts";
import { fakeFiles } from "./fake_files.ts";

const files = fakeFiles({
  "/etc/porthole/token": "abc\n",
  "/etc/porthole/dos": "abc\r\n",
  "/run/blank": "\n",
  "/run/two": "abc\ndef\n",
  "/run/bytes": Uint8Array.of(0xff, 0xfe),
  "/run/huge": "x".repeat(70_000),
});
const env: Readonly<Record<string, string>> = { TOKEN: "from env", EMPTY: "" };

async function read(text: string, { hasLines = false } = {}): Promise<string> {
  const sources = {
    readFile: files,
    readEnv: (name: string): string | undefined => env[name],
    directory: "/etc/porthole",
    hasLines,
  };
  const reading = await readSecret(text, sources);
  return reading.kind === "secret" ? `= ${reading.secret.reveal()}` : reading.reason;
}

Deno.test("readSecret() takes literals, variables, and files without the newline at their end", async () => {
  assert.equal(await read("plain"), "= plain");
  assert.equal(await read("https://x/file:y"), "= https://x/file:y");
  assert.equal(await read("env:TOKEN"), "= from env");
  assert.equal(await read("file:/etc/porthole/token"), "= abc");
  assert.equal(await read("file:token"), "= abc");
  assert.equal(await read("file:../porthole/dos"), "= abc");
});

Deno.test("readSecret() says why there is no secret", async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["env:NOPE", /^the environment variable "NOPE" is not set$/],
    ["env:EMPTY", /"EMPTY" is empty$/],
    ["env:", /no name of a variable/],
    ["env:A=B", /no name of a variable/],
    ["file:nope", /^cannot read the file "\/etc\/porthole\/nope": no such file$/],
    ["file:/run/folder", /it is a folder/],
    ["file:/run/denied", /permission denied/],
    ["file:/run/broken", /: EIO$/],
    ["file:/run/blank", /is empty$/],
    ["file:/run/two", /not one line of text$/],
    ["file:/run/bytes", /not UTF-8$/],
    ["file:/run/huge", /larger than 64 KiB$/],
    ["", /is empty$/],
    ["a\nb", /not one line/],
  ];
  for (const [text, want] of cases) assert.match(await read(text), want, text);
});

Deno.test("readSecret() takes several lines where they may be, and no other control characters", async () => {
  const lines = { hasLines: true };
  assert.equal(await read("a\n\tb\r\nc", lines), "= a\n\tb\r\nc");
  assert.equal(await read("file:/run/two", lines), "= abc\ndef");
  assert.match(await read("a\x1b[2J", lines), /control characters other than line breaks and tabs$/);
  assert.match(await read("file:/run/blank", lines), /is empty$/);
});

Deno.test("readSecret() never repeats a secret that it refuses", async () => {
  await fc.assert(fc.asyncProperty(fc.string({ minLength: 4, unit: "grapheme" }), async (inner) => {
    const value = `\x01§${inner}`;
    const readings = await Promise.all([
      readSecret(value, { readFile: files, readEnv: () => undefined, directory: "/" }),
      readSecret("env:X", { readFile: files, readEnv: () => value, directory: "/" }),
    ]);
    for (const reading of readings) assert.ok(reading.kind === "fault" && !reading.reason.includes("§"));
  }));
});

Deno.test("secretFileOf() resolves against the folder, and is nothing for other secrets", () => {
  assert.equal(secretFileOf("file:a/b", "/etc"), "/etc/a/b");
  assert.equal(secretFileOf("env:A", "/etc"), undefined);
});
