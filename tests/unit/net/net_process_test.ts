import assert from "node:assert/strict";

const CHILD = new URL("./net_child.ts", import.meta.url).pathname;

async function run(command: string, args: string[]): Promise<{ code: number; text: string }> {
  const child = new Deno.Command(command, { args, stdin: "null", stdout: "piped", stderr: "piped" });
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

async function runChild(part: string, prefix: string[] = []): Promise<void> {
  const [command = Deno.execPath(), ...args] = [...prefix, Deno.execPath()];
  const { code, text } = await run(command, [...args, "run", "-A", "--no-check", CHILD, part]);
  assert.equal(code, 0, text);
}

Deno.test("LinuxNet leaves /proc/self/fd as it was", () => runChild("leak"));

Deno.test("LinuxNet lets the process end when nothing is watched", () => runChild("end"));

Deno.test("LinuxNet uses no CPU when idle", () => runChild("idle"));

Deno.test("LinuxListener pauses and says so when descriptors run out, and goes on afterwards", () =>
  runChild("exhaust", ["sh", "-c", 'ulimit -n 100; exec "$@"', "sh"]));

const namespace = ["unshare", "--user", "--map-root-user", "--net"];

function canUnshare(): boolean {
  try {
    return new Deno.Command("unshare", { args: [...namespace.slice(1), "ip", "link"] }).outputSync().success;
  } catch {
    return false; // no such program
  }
}
const isPossible = canUnshare();

Deno.test({
  name: "LinuxNet.watchAddresses() notices links, addresses and routes" +
    (isPossible ? "" : " (skipped: no user namespace with ip here)"),
  ignore: !isPossible,
  fn: () => runChild("watch", namespace),
});
