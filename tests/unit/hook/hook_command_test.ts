import assert from "node:assert/strict";
import type { MappedEvent } from "../../../src/core/mapping.ts";
import { hookCommand, hookLabel } from "../../../src/hook/hook_command.ts";
import { type Hook, HOOK_DEFAULTS, type HookStyle } from "../../../src/hook/hook.ts";

const mapped: MappedEvent = {
  event: "mapped",
  name: "ssh",
  protocol: "tcp",
  at: new Date("2026-11-21T02:00:00.000Z"),
  internal: { address: "192.168.1.2", port: 3456 },
  external: { address: "203.0.113.10", port: 14500 },
};

const input = { event: mapped, mapping: mapped };

function hook(style: HookStyle, run: Hook["run"]): Hook {
  return { ...HOOK_DEFAULTS, style, run };
}

function lineOf(of: Hook, options = { isWindows: false }): readonly string[] {
  const { program, args } = hookCommand(of, input, options);
  return [program, ...args];
}

Deno.test("hookCommand() appends the style's arguments to a program's own", () => {
  const natmap = ["203.0.113.10", "14500", "2001::38a4:cb00:710a", "3456", "tcp", "192.168.1.2"];
  assert.deepEqual(lineOf(hook("natmap", ["/x", "-v"])), ["/x", "-v", ...natmap]);
  assert.deepEqual(
    lineOf(hook("natter2", ["/x"])),
    ["/x", "tcp", "192.168.1.2", "3456", "203.0.113.10", "14500"],
  );
  assert.deepEqual(lineOf(hook("json", ["/x", "-v"])), ["/x", "-v"]);
});

Deno.test("hookCommand() replaces placeholders in every word of a program, and only for style natter", () => {
  const run = ["/x-{protocol}", "{outer_ip}:{outer_port}", "{inner_ip}", "{else}"];
  assert.deepEqual(lineOf(hook("natter", run)), ["/x-tcp", "203.0.113.10:14500", "192.168.1.2", "{else}"]);
  assert.deepEqual(lineOf(hook("json", run)), run);
});

Deno.test("hookCommand() gives a line to the shell, with the arguments as $1 and on", () => {
  assert.deepEqual(
    lineOf(hook("natter2", 'echo "$@"')),
    ["/bin/sh", "-c", 'echo "$@"', "sh", "tcp", "192.168.1.2", "3456", "203.0.113.10", "14500"],
  );
  assert.deepEqual(lineOf(hook("natter", "echo {outer_port}")), ["/bin/sh", "-c", "echo 14500", "sh"]);
});

Deno.test("hookCommand() gives a line to cmd as it stands when on Windows", () => {
  const command = hookCommand(hook("natter", 'echo "{outer_port}"'), input, { isWindows: true });
  assert.deepEqual([command.program, ...command.args], ["cmd", "/d", "/s", "/c", '"echo "14500""']);
  assert.ok(command.isVerbatim);
});

Deno.test("hookCommand() puts the event's JSON line on stdin when the style is json, else nothing", () => {
  const { stdin = "" } = hookCommand(hook("json", ["/x"]), input, { isWindows: false });
  assert.equal(stdin.at(-1), "\n");
  assert.deepEqual(JSON.parse(stdin), {
    event: "mapped",
    name: "ssh",
    protocol: "tcp",
    internal: "192.168.1.2:3456",
    external: "203.0.113.10:14500",
    ip4p: "2001::38a4:cb00:710a",
    at: "2026-11-21T02:00:00.000Z",
  });
  assert.equal(hookCommand(hook("natmap", ["/x"]), input, { isWindows: false }).stdin, undefined);
});

Deno.test("hookLabel() never shows more than the program", () => {
  const cases: readonly (readonly [Hook["run"], string])[] = [
    [["/bin/x", "--token", "s3cret"], "/bin/x"],
    ["/opt/a/notify.sh s3cret", "/opt/a/notify.sh"],
    ["  curl -H 'Authorization: s3cret' https://x", "curl"],
    ["TOKEN=s3cret curl https://x", "/bin/sh"],
    ["TOKEN=$(echo s3cret x) curl", "/bin/sh"],
    ['"/opt/my hook" s3cret', "/bin/sh"],
    ["x;echo s3cret", "/bin/sh"],
    ["", "/bin/sh"],
    [[], ""],
  ];
  for (const [run, want] of cases) assert.equal(hookLabel({ run }), want, JSON.stringify(run));
});
