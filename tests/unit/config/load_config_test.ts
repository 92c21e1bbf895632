import assert from "node:assert/strict";
import { formatFault } from "../../../src/config/config_fault.ts";
import { type ConfigLoading, loadConfig } from "../../../src/config/load_config.ts";
import { readFile } from "../../../src/config/read_file.ts";
import { fakeFiles } from "./fake_files.ts";

function load(text: string | Uint8Array, env: Readonly<Record<string, string>> = {}): Promise<ConfigLoading> {
  const files = fakeFiles({
    "/etc/p/porthole.json": text,
    "/etc/p/token": "from file\n",
    "/etc/p/empty": "",
    "/etc/p/lines": "{\n}\n",
  });
  return loadConfig("/etc/p/porthole.json", { readFile: files, readEnv: (name) => env[name] });
}

function faultsOf(loading: ConfigLoading): readonly string[] {
  assert.ok(loading.kind === "faults");
  return loading.faults.map(formatFault);
}

function hooked(publish: string): string {
  return `{"tunnels": [\n{"publish": [{"provider": "webhook", ${publish}}]}\n]}`;
}

Deno.test("loadConfig() reads each secret once, and knows which files they came from", async () => {
  const loading = await load(
    hooked(
      '"url": "https://a.example/", "token": "file:token"}, {"provider": "webhook", "url": "env:URL", "token": "file:token"',
    ),
    { URL: "https://b.example/" },
  );
  assert.ok(loading.kind === "config");
  assert.equal(loading.directory, "/etc/p");
  assert.equal(loading.secretOf("https://a.example/")?.reveal(), "https://a.example/");
  assert.equal(loading.secretOf("file:token")?.reveal(), "from file");
  assert.equal(loading.secretOf("env:URL")?.reveal(), "https://b.example/");
  assert.equal(loading.secretOf("never asked for"), undefined);
  assert.deepEqual(loading.secretFiles, ["/etc/p/token"]);
});

Deno.test("loadConfig() tells secrets that are not there at their place, beside all other faults", async () => {
  const loading = await load(
    '{"lgo": 1, "status": {"token": "env:A"}, "tunnels": [\n' +
      '{"bind": "x", "publish": [{"provider": "webhook", "url": "file:empty", "token": "file:nope"}]}]}',
  );
  assert.deepEqual(faultsOf(loading), [
    '1:2: lgo: unknown key "lgo"; did you mean "log"',
    '1:32: status.token: the environment variable "A" is not set',
    '2:10: tunnels[0].bind: expected [IP:]PORT, PORT being N, 0 for any, A-B or A~B, not "x"',
    '2:58: tunnels[0].publish[0].url: the file "/etc/p/empty" is empty',
    '2:81: tunnels[0].publish[0].token: cannot read the file "/etc/p/nope": no such file',
  ]);
});

Deno.test("loadConfig() takes several lines as a body only", async () => {
  const body = await load(hooked('"url": "http://a/", "body": "file:lines"'));
  assert.ok(body.kind === "config");
  assert.equal(body.secretOf("file:lines")?.reveal(), "{\n}");
  assert.deepEqual(body.secretFiles, ["/etc/p/lines"]);
  const text = hooked(
    '"url": "a\\nb", "body": "file:lines", "token": "file:lines", "headers": {"x": "a\\nb"}',
  );
  assert.deepEqual(
    faultsOf(await load(text)).map((fault) => fault.replace(/^[\d:]+ tunnels\[0\]\.publish\[0\]\./, "")),
    [
      "url: the value is not one line of text",
      'token: the file "/etc/p/lines" is not one line of text',
      "headers.x: the value is not one line of text",
    ],
  );
});

Deno.test("loadConfig() leaves the secrets of tunnels that are not enabled alone", async () => {
  const text = hooked('"url": "env:NOPE"').replace('"publish"', '"enabled": false, "publish"');
  assert.equal((await load(text)).kind, "config");
});

Deno.test("loadConfig() tells an empty secret once", async () => {
  assert.deepEqual(faultsOf(await load(hooked('"url": ""'))), [
    "2:45: tunnels[0].publish[0].url: expected a text that is not empty",
  ]);
});

Deno.test("loadConfig() refuses what is not UTF-8 with its place", async () => {
  assert.deepEqual(faultsOf(await load(Uint8Array.of(0x0a, 0x7b, 0xd6))), [
    "2:2: not UTF-8; save the file as UTF-8",
  ]);
});

Deno.test("loadConfig() says why the file itself cannot be read", async () => {
  const options = { readFile: fakeFiles({}), readEnv: (): undefined => undefined };
  for (
    const [path, trouble, reason] of [
      ["/nope", "missing", "no such file"],
      ["/folder", "folder", "it is a folder"],
      ["/denied", "denied", "permission denied"],
      ["/broken", "other", "EIO"],
    ] as const
  ) {
    assert.deepEqual(await loadConfig(path, options), { kind: "unreadable", trouble, reason });
  }
});

Deno.test("readFile() reads a file whole, or one byte more than it may have", async () => {
  const path = await Deno.makeTempFile();
  try {
    const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);
    await Deno.writeFile(path, bytes);
    assert.deepEqual(await readFile(path, 200_000), bytes);
    assert.deepEqual(await readFile(path, 100_000), bytes.subarray(0, 100_001));
    await Deno.writeFile(path, new Uint8Array());
    assert.equal((await readFile(path, 10)).length, 0);
  } finally {
    await Deno.remove(path);
  }
  const loading = await loadConfig(path, { readFile, readEnv: () => undefined });
  assert.deepEqual(loading, { kind: "unreadable", trouble: "missing", reason: "no such file" });
  assert.equal((await loadConfig("/", { readFile, readEnv: () => undefined })).kind, "unreadable");
});
