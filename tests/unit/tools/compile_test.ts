import assert from "node:assert/strict";
import {
  classifyFailure,
  executableName,
  explainDownloads,
  planCompile,
  RELEASE_TARGETS,
} from "../../../tools/compile.ts";

const HOST = "x86_64-unknown-linux-gnu";

Deno.test("planCompile() takes all release targets when none is named", () => {
  assert.deepEqual(planCompile([], undefined, HOST), { targets: RELEASE_TARGETS, output: "dist" });
});

Deno.test("planCompile() takes named targets once each", () => {
  const args = ["--target", HOST, "--target", "aarch64-pc-windows-msvc", "--target", HOST, "--output", "out"];
  assert.deepEqual(planCompile(args, undefined, HOST), {
    targets: [HOST, "aarch64-pc-windows-msvc"],
    output: "out",
  });
});

Deno.test("planCompile() takes this machine's target when DENORT_BIN is set", () => {
  assert.deepEqual(planCompile([], "/opt/denort", HOST).targets, [HOST]);
  assert.deepEqual(planCompile(["--target", "x86_64-apple-darwin"], "/opt/denort", HOST).targets, [
    "x86_64-apple-darwin",
  ]);
});

Deno.test("planCompile() throws SyntaxError when arguments cannot be served", () => {
  const two = ["--target", HOST, "--target", "x86_64-apple-darwin"];
  assert.throws(() => planCompile(two, "/opt/denort", HOST), SyntaxError);
  assert.throws(() => planCompile(["--target", "riscv64"], undefined, HOST), /riscv64/);
  assert.throws(() => planCompile(["--target"], undefined, HOST), /missing/);
  assert.throws(() => planCompile(["--help"], undefined, HOST), /--help/);
});

Deno.test("executableName() ends in .exe when the target is Windows", () => {
  assert.equal(
    executableName("1.2.3", "x86_64-pc-windows-msvc"),
    "porthole-1.2.3-x86_64-pc-windows-msvc.exe",
  );
  assert.equal(executableName("1.2.3", HOST), "porthole-1.2.3-x86_64-unknown-linux-gnu");
});

const DOWNLOAD_FAILED = [
  "Download https://dl.deno.land/release/v2.9.5/denort-x86_64-unknown-linux-gnu.zip",
  "error: Writing deno compile executable to temporary file 'dist/p.tmp-ab1a3ebe0d5be997'",
  "Caused by:",
  "    0: Setting up base binary.",
  "    1: error sending request for url (https://dl.deno.land/x.zip): dns error",
].join("\n");

Deno.test("classifyFailure() names the address when the download failed", () => {
  assert.deepEqual(classifyFailure(DOWNLOAD_FAILED), {
    kind: "download",
    url: "https://dl.deno.land/release/v2.9.5/denort-x86_64-unknown-linux-gnu.zip",
  });
});

Deno.test("classifyFailure() tells a missing and a foreign base binary apart", () => {
  assert.equal(classifyFailure("0: Could not find denort at '/x'").kind, "missing-base");
  assert.equal(classifyFailure("1: Invalid object: Failed to parse PE").kind, "foreign-base");
});

Deno.test("classifyFailure() blames the program when the base binary is not the cause", () => {
  assert.equal(classifyFailure("TS2322 [ERROR]: Type 'string' is not assignable").kind, "program");
});

Deno.test("explainDownloads() names every address and the way out", () => {
  const text = explainDownloads(["https://a/x.zip", "https://a/y.zip"]);
  assert.match(text, /x\.zip/);
  assert.match(text, /y\.zip/);
  assert.match(text, /DENORT_BIN/);
});
