import assert from "node:assert/strict";
import { join } from "node:path";
import { PortholeChild, runPorthole } from "./porthole_child.ts";
import { Surroundings } from "./surroundings.ts";

/** Sharing a port with the keep-alive connection needs SO_REUSEPORT before connect. */
const ignore = Deno.build.os !== "linux" || Deno.env.get("PORTHOLE_PORTABLE") === "1";

Deno.test(
  { name: "porthole open --json writes events, serves the test page and ends on SIGTERM", ignore },
  async () => {
    await using around = await Surroundings.open();
    await using child = PortholeChild.start(["open", "0", "--test", "--json", "--quiet", ...around.flags]);
    const mapped = await child.nextEvent("mapped");
    assert.deepEqual(Object.keys(mapped), [
      "event",
      "name",
      "protocol",
      "internal",
      "external",
      "ip4p",
      "at",
    ]);
    assert.equal(mapped["name"], "tcp-any");
    const page = await (await fetch(`http://${mapped["external"]}/any/path?format=json`)).json();
    assert.equal(page.works, true as unknown);
    assert.equal(page.external, mapped["external"]);
    await child.nextEvent("checked");
    child.kill("SIGTERM");
    const { code, stdout, stderr } = await child.ended();
    assert.deepEqual([code, stderr], [143, ""]);
    assert.equal(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "").event, "stopped");
  },
);

Deno.test({ name: "porthole open answers UDP when --udp --test", ignore }, async () => {
  await using around = await Surroundings.open();
  await using child = PortholeChild.start([
    "open",
    "0",
    "--udp",
    "--test",
    "--json",
    "--quiet",
    ...around.flags,
  ]);
  const { external = "" } = await child.nextEvent("mapped");
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  await socket.send(new TextEncoder().encode("hello"), {
    transport: "udp",
    hostname: "127.0.0.1",
    port: Number(external.split(":")[1]),
  });
  const [answer] = await socket.receive();
  socket.close();
  assert.match(new TextDecoder().decode(answer), /^It works!/);
});

Deno.test({ name: "porthole open --exec runs the script with natmap's six arguments", ignore }, async () => {
  const folder = await Deno.makeTempDir();
  try {
    const script = join(folder, "notify.sh");
    await Deno.writeTextFile(script, `#!/bin/sh\nprintf '%s\\n' "$@" "$PORTHOLE_NAME" > '${folder}/out'\n`);
    await Deno.chmod(script, 0o700);
    await using around = await Surroundings.open();
    await using child = PortholeChild.start([
      ...["open", "0", "--json", "--quiet", "--name", "web", "--exec", script],
      ...around.flags,
    ]);
    const mapped = await child.nextEvent("mapped");
    const hook = await child.nextEvent("hook");
    assert.deepEqual([hook["command"], hook["status"]], [script, 0]);
    const port = mapped["external"]?.split(":")[1];
    assert.deepEqual((await Deno.readTextFile(join(folder, "out"))).trimEnd().split("\n"), [
      "127.0.0.1",
      port,
      mapped["ip4p"],
      port,
      "tcp",
      "127.0.0.1",
      "web",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test(
  { name: "porthole open ends with 1 when the port is taken, and has announced nothing", ignore },
  async () => {
    const holder = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using around = await Surroundings.open();
    await using child = PortholeChild.start([
      "open",
      `${holder.addr.port}`,
      "--no-reuse",
      "--quiet",
      "--json",
      ...around.flags,
    ]);
    const { code, stdout, stderr } = await child.ended();
    holder.close();
    assert.equal(code, 1);
    assert.doesNotMatch(stdout, /mapped/);
    const fault = JSON.parse(stderr);
    assert.equal(fault.code, "EADDRINUSE");
    assert.match(fault.hint, /choose another port/);
  },
);

Deno.test({
  name: "porthole open ends with 1 and one line when the address or the interface is not there",
  ignore,
}, async () => {
  const servers = ["--stun", "127.0.0.1:9", "--keep-alive", "127.0.0.1:9"];
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["192.0.2.1:3456"], /EADDRNOTAVAIL[^\n]*no interface of this machine has that address/],
    [
      ["3456", "--interface", "192.0.2.1"],
      /EADDRNOTAVAIL[^\n]*no interface of this machine has that address/,
    ],
    [["3456", "--interface", "nope0"], /nope0[^\n]*ENODEV[^\n]*no such network interface/],
  ];
  for (const [args, want] of cases) {
    const { code, stdout, stderr } = await runPorthole(["open", ...args, ...servers]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^porthole: [^\n]+\n$/);
    assert.match(stderr, want);
  }
});

Deno.test({ name: "porthole open ends quietly when nobody reads its output any more", ignore }, async () => {
  const script = await Deno.makeTempFile();
  try {
    // Its end makes a line that finds out, unless the self-check's line did before.
    await Deno.writeTextFile(script, "#!/bin/sh\nsleep 0.3\n");
    await Deno.chmod(script, 0o700);
    await using around = await Surroundings.open();
    await using child = PortholeChild.start(["open", "0", "--quiet", "--exec", script, ...around.flags]);
    assert.match(await child.nextLine() ?? "", / -> 127\.0\.0\.1:\d+ {2}mapped$/);
    await child.closeStdout();
    const { code, stderr } = await child.ended();
    assert.deepEqual([code, stderr], [0, ""]);
  } finally {
    await Deno.remove(script);
  }
});
