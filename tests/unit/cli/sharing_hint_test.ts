import assert from "node:assert/strict";
import { faultOf } from "../../../src/cli/exit_code.ts";
import { messageWithHint, sharingHint } from "../../../src/cli/sharing_hint.ts";
import { BindError } from "../../../src/keeper/errors.ts";
import { PortShareError, type ShareRefusal } from "../../../src/reuse/share_refusal.ts";
import { LANGS } from "../../../src/text/lang.ts";
import { textsOf } from "../../../src/text/texts.ts";

const local = { address: "192.0.2.1", port: 8080 };
const missing = ["CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"] as const;
const REASONS: readonly (readonly [ShareRefusal, RegExp])[] = [
  [{ kind: "no-row" }, /^((?!forward).)*$/],
  [{ kind: "own-socket" }, /^((?!forward).)*$/],
  [
    { kind: "owner-hidden", inode: 7, uid: 33, missing },
    /7.*33.*CAP_SYS_PTRACE.*CAP_DAC_READ_SEARCH.*--pid host/,
  ],
  [{ kind: "owner-hidden", inode: 7, uid: 33, missing: [] }, /7.*33.*--pid host/],
  [{ kind: "other-namespace", inode: 7, uid: 33 }, /7.*33.*--pid host --cap-add SYS_PTRACE/],
  [{ kind: "kernel-socket", inode: 7 }, /WireGuard/],
  [{ kind: "kernel-too-old", release: "4.19.1" }, /4\.19\.1.*5\.6/],
  [{ kind: "seccomp", call: "pidfd_getfd" }, /seccomp.*pidfd_getfd/],
  [
    { kind: "ptrace-refused", pid: 812, comm: "nginx", ptraceScope: 1 },
    /nginx.*812.*ptrace_scope.*1.*CAP_SYS_PTRACE/,
  ],
  [{ kind: "ptrace-refused", pid: 812, comm: "nginx", ptraceScope: 3 }, /nginx.*812.*ptrace_scope.*3/],
  [{ kind: "ptrace-refused", pid: 812, comm: "nginx", ptraceScope: undefined }, /nginx.*812.*seccomp/],
  [{ kind: "uid", uid: 33 }, /33.*CAP_CHOWN.*CAP_SETUID/],
  [{ kind: "unmapped-uid", uid: 33 }, /33/],
  [{ kind: "mixed-uids", uids: [33, 34] }, /33.*34.*IP:PORT/],
  [{ kind: "time-wait", count: 3 }, /3.*TIME_WAIT/],
  [{ kind: "unsettled" }, /^((?!forward).)*$/],
  [{ kind: "still-in-use" }, /forward/],
];

/** As it comes out of the keeper: the kernel's refusal in between. */
function refused(reason: ShareRefusal, protocol: "tcp" | "udp" = "tcp"): BindError {
  const kernel = new Error("Cannot bind", { cause: new PortShareError({ protocol, local }, reason) });
  return new BindError("tcp 192.0.2.1 port 8080", "EADDRINUSE", { cause: kernel });
}

Deno.test("sharingHint() says why and what to do for every reason, on one line, in every language", () => {
  for (const lang of LANGS) {
    for (const [reason, pattern] of REASONS) {
      const hint = sharingHint(refused(reason), textsOf(lang)) ?? "";
      assert.match(hint, pattern, lang);
      assert.match(hint, /^[^\n]{10,}$/);
    }
  }
  const all = REASONS.map(([reason]) => sharingHint(refused(reason), textsOf("en")));
  assert.equal(new Set(all).size, all.length);
});

Deno.test("sharingHint() points at forward with the port, and its protocol, where sharing cannot be had", () => {
  const texts = textsOf("en");
  const hint = (protocol: "tcp" | "udp"): string =>
    sharingHint(refused({ kind: "kernel-socket", inode: 1 }, protocol), texts) ?? "";
  assert.match(hint("tcp"), /porthole forward 8080 needs/);
  assert.match(hint("udp"), /porthole forward 8080 --udp needs/);
});

Deno.test("sharingHint() has nothing to say about other errors, causes in a circle included", () => {
  const circle = new Error("a");
  circle.cause = circle;
  for (const error of [circle, new BindError("x", "EADDRINUSE", {}), "text", undefined]) {
    assert.equal(sharingHint(error, textsOf("en")), undefined);
  }
  assert.equal(messageWithHint(new Error("a"), textsOf("en")), "a");
});

Deno.test("faultOf() takes the reason of a refused share instead of the hint about ports in use", () => {
  const fault = faultOf(refused({ kind: "uid", uid: 33 }), textsOf("en"));
  assert.deepEqual([fault.exitCode, fault.code], [1, "EADDRINUSE"]);
  assert.match(fault.hint, /uid 33/);
  assert.match(messageWithHint(refused({ kind: "uid", uid: 33 }), textsOf("en")), /EADDRINUSE; .*uid 33/);
});
