import assert from "node:assert/strict";
import {
  defaultSocketPath,
  socketCandidates,
  type SocketPathOptions,
} from "../../../src/status/socket_path.ts";

function at(uid: number | undefined, env: Readonly<Record<string, string>>, os = "linux"): SocketPathOptions {
  return { readEnv: (name) => env[name], uid, os };
}

const systemd = { RUNTIME_DIRECTORY: "/run/porthole@a:/run/b" };
const session = { XDG_RUNTIME_DIR: "/run/user/1000/" };

const table: readonly (readonly [string, SocketPathOptions, readonly string[]])[] = [
  ["root", at(0, session), ["/run/porthole/porthole.sock"]],
  ["systemd as root", at(0, systemd), ["/run/porthole@a/porthole.sock", "/run/porthole/porthole.sock"]],
  ["systemd as a user", at(990, { ...systemd, ...session }), [
    "/run/porthole@a/porthole.sock",
    "/run/user/1000/porthole/porthole.sock",
    "/tmp/porthole-990/porthole.sock",
    "/run/porthole/porthole.sock",
  ]],
  ["a session", at(1000, session), [
    "/run/user/1000/porthole/porthole.sock",
    "/tmp/porthole-1000/porthole.sock",
    "/run/porthole/porthole.sock",
  ]],
  ["neither", at(1000, { XDG_RUNTIME_DIR: "", PORTHOLE_SOCKET: "" }), [
    "/tmp/porthole-1000/porthole.sock",
    "/run/porthole/porthole.sock",
  ]],
  ["a wish", at(1000, { PORTHOLE_SOCKET: "/x/y.sock", ...session }), ["/x/y.sock"]],
  ["Windows", at(undefined, { PORTHOLE_SOCKET: "/x" }, "windows"), []],
];

for (const [title, options, want] of table) {
  Deno.test(`socketCandidates() begins with defaultSocketPath() for ${title}`, () => {
    assert.deepEqual(socketCandidates(options), want);
    assert.equal(defaultSocketPath(options), want[0]);
  });
}
