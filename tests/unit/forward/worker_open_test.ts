import assert from "node:assert/strict";
import { errorCode } from "../../../src/core/errors.ts";
import { openForwarder } from "../../../src/forward/open_forwarder.ts";
import { withFdCheck } from "../../leak.ts";
import { freePort, keepLog, platformOf, tunnelOptions } from "./tcp_rig.ts";

const LOOPBACK = "127.0.0.1";

for (const method of ["relay", "portable"] as const) {
  Deno.test(`openForwarder() gives the ${method} path ${method === "relay" ? "here" : "when told to"}`, () =>
    withFdCheck(async () => {
      const platform = platformOf(keepLog().log);
      await using forwarder = await openForwarder({ platform, isPortable: method === "portable" });
      const internal = { address: LOOPBACK, port: freePort() };
      await using session = await forwarder.forward(internal, tunnelOptions(9), () => {});
      assert.equal(session.method, method);
      assert.deepEqual(session.target, { address: LOOPBACK, port: 9 });
    }));
}

Deno.test("openForwarder() keeps the client's address, or says that it needs a permission, when transparent", () =>
  withFdCheck(async () => {
    const platform = platformOf(keepLog().log);
    await using forwarder = await openForwarder({ platform, isPortable: false });
    using target = Deno.listen({ hostname: LOOPBACK, port: 0 });
    const internal = { address: LOOPBACK, port: freePort() };
    const options = tunnelOptions(target.addr.port, { isTransparent: true });
    const opening = forwarder.forward(internal, options, () => {});
    try {
      await opening;
    } catch (error) {
      assert.equal(errorCode(error), "EPERM");
      assert.match(String(error), /needs root or CAP_NET_ADMIN/);
      return;
    }
    const client = new Deno.Command(Deno.execPath(), {
      args: ["eval", CLIENT, `${internal.port}`],
      stdout: "null",
      stderr: "null",
    }).spawn();
    const accepted = await target.accept();
    assert.equal(accepted.remoteAddr.hostname, "127.0.0.2");
    accepted.close();
    await client.status;
  }));

/** Connects from 127.0.0.2, which Deno.connect cannot. */
const CLIENT = `
import net from "node:net";
const socket = net.connect({ host: "127.0.0.1", port: Number(Deno.args[0]), localAddress: "127.0.0.2" });
socket.on("close", () => Deno.exit(0)).on("error", () => Deno.exit(0));
`;
