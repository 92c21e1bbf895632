import assert from "node:assert/strict";
import * as ffi from "../../../ffi/mod.ts";
import { withFdCheck } from "../../leak.ts";

const CHILD = new URL("./socket_owner_child.ts", import.meta.url).pathname;
const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;
const skipped = isRoot ? "" : " (skipped: needs root)";

Deno.test("openOwnedSocket() needs no privilege for our own uid", () =>
  withFdCheck(() => {
    using _libc = ffi.holdLibc();
    using socket = ffi.openOwnedSocket("datagram", { family: 4, uid: Deno.uid() ?? 0 });
    assert.ok(!socket.isClosed);
  }));

/** Runs the child with a bounded set of capabilities; resolves to what it printed. */
async function runChild(prefix: readonly string[], uid: number): Promise<unknown> {
  const [command = Deno.execPath(), ...args] = [...prefix, Deno.execPath()];
  const child = new Deno.Command(command, { args: [...args, "run", "-A", "--no-check", CHILD, `${uid}`] });
  const { code, stdout, stderr } = await child.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test({
  name: `openOwnedSocket() gives the socket away by CAP_CHOWN${skipped}`,
  ignore: !isRoot,
  fn: async () => assert.deepEqual(await runChild([], 65534), { uid: 65534, fsuid: 0 }),
});

Deno.test({
  name: `openOwnedSocket() opens it as the other user when CAP_CHOWN is missing${skipped}`,
  ignore: !isRoot,
  fn: async () => {
    const prefix = ["setpriv", "--bounding-set=-chown"];
    assert.deepEqual(await runChild(prefix, 65534), { uid: 65534, fsuid: 0 });
  },
});

Deno.test({
  name: `openOwnedSocket() throws EPERM when neither is allowed${skipped}`,
  ignore: !isRoot,
  fn: async () => {
    const prefix = ["setpriv", "--bounding-set=-chown,-setuid"];
    const refusal = { code: "EPERM", call: "fchown", fsuid: 0 };
    assert.deepEqual(await runChild(prefix, 65534), refusal);
  },
});

Deno.test({
  name: `openOwnedSocket() throws EINVAL for a user the namespace does not have${skipped}`,
  ignore: !isRoot,
  fn: async () => {
    const prefix = ["unshare", "--user", "--map-root-user"];
    assert.deepEqual(await runChild(prefix, 1234), { code: "EINVAL", call: "fchown", fsuid: 0 });
  },
});
