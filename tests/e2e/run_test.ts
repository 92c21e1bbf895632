import assert from "node:assert/strict";
import { PortholeChild } from "./porthole_child.ts";
import { Surroundings } from "./surroundings.ts";

const isLinux = Deno.build.os === "linux";

interface Setting extends AsyncDisposable {
  readonly folder: string;
  readonly file: string;
  readonly socket: string;
  /** Writes the configuration, servers filled in. */
  readonly write: (config: Readonly<Record<string, unknown>>) => void;
  /** `porthole run` on it. */
  readonly run: (env?: Readonly<Record<string, string>>) => PortholeChild;
  /** Another command beside it; its exit status and what it printed. */
  readonly ask: (...args: readonly string[]) => Promise<{ readonly code: number; readonly stdout: string }>;
}

async function openSetting(): Promise<Setting> {
  const surroundings = await Surroundings.open();
  const folder = await Deno.makeTempDir({ prefix: "porthole-run-" });
  const [, address = "", , stun = "", , web = ""] = surroundings.flags;
  const file = `${folder}/porthole.json`;
  const socket = `${folder}/porthole.sock`;
  return {
    folder,
    file,
    socket,
    write: (config) => {
      const servers = { stun: { tcp: [stun], udp: [stun] }, keepAlive: { tcp: [web] } };
      const tunnels = (config["tunnels"] as readonly object[] | undefined ?? []).map((tunnel) => ({
        interface: address,
        ...tunnel,
      }));
      Deno.writeTextFileSync(`${file}.new`, JSON.stringify({ ...servers, ...config, tunnels }));
      Deno.renameSync(`${file}.new`, file);
    },
    run: (env) => PortholeChild.start(["run", "-c", file, "--socket", socket, "--json"], env),
    ask: async (...args) => {
      await using child = PortholeChild.start([...args, "--socket", socket]);
      return await child.ended();
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await surroundings[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** A free port, as far as can be told. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test({
  name: "porthole run maps every tunnel, shows them, and tells its health",
  ignore: !isLinux,
  fn: async (): Promise<void> => {
    await using setting = await openSetting();
    const { write, run, ask, folder } = setting;
    assert.equal((await ask("health")).code, 3);
    write({
      tunnels: [{ name: "page", test: true }, { name: "dns", protocol: "udp", test: true }],
      status: { file: "status.json" },
    });
    await using child = run();
    const names = [(await child.nextEvent("mapped"))["name"], (await child.nextEvent("mapped"))["name"]];
    assert.deepEqual(names.sort(), ["dns", "page"]);
    const { code, stdout } = await ask("status", "--json");
    assert.equal(code, 0);
    const { tunnels } = JSON.parse(stdout);
    assert.deepEqual(tunnels.map((it: { name: string; state: string }) => [it.name, it.state]), [
      ["page", "mapped"],
      ["dns", "mapped"],
    ]);
    assert.equal((await ask("health", "--verify")).code, 0);
    assert.equal((await ask("health", "nobody")).code, 1);
    const other = await run().ended();
    assert.equal(other.code, 1);
    assert.match(other.stderr, /porthole\.sock/);
    const { pid } = JSON.parse(await Deno.readTextFile(`${folder}/status.json`));
    assert.equal(pid, JSON.parse(stdout).pid, "the second daemon left the first one's file alone");
    assert.equal((await ask("health")).code, 0, "the second daemon left the first one's socket alone");
    child.kill("SIGTERM");
    assert.equal((await child.ended()).code, 143);
    assert.equal((await ask("health")).code, 3);
    assert.equal(JSON.parse(await Deno.readTextFile(`${folder}/status.json`)).tunnels.length, 2);
  },
});

Deno.test({
  name: "porthole run takes a changed file over and leaves what stayed the same alone",
  ignore: !isLinux,
  fn: async (): Promise<void> => {
    await using setting = await openSetting();
    const { write, run, ask, file } = setting;
    const [kept, moved, gone] = [freePort(), freePort(), freePort()];
    write({
      tunnels: [
        { name: "kept", bind: kept, test: true },
        { name: "moved", bind: gone, test: true },
      ],
    });
    await using child = run();
    await child.nextEvent("mapped");
    await child.nextEvent("mapped");
    const visitor = await Deno.connect({ hostname: "127.0.0.1", port: kept });
    try {
      write({
        tunnels: [
          { name: "moved", bind: moved, test: true },
          { name: "kept", bind: kept, test: true },
        ],
      });
      child.kill("SIGHUP");
      assert.equal((await child.nextEvent("stopped"))["name"], "moved");
      const mapped = await child.nextEvent("mapped");
      assert.deepEqual([mapped["name"], mapped["internal"]], ["moved", `127.0.0.1:${moved}`]);
      // The connection of a tunnel that stayed is served to its end.
      await visitor.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
      const buffer = new Uint8Array(64);
      assert.match(
        new TextDecoder().decode(buffer.subarray(0, await visitor.read(buffer) ?? 0)),
        /^HTTP\/1\.1 200/,
      );
    } finally {
      visitor.close();
    }
    Deno.writeTextFileSync(file, '{ "tunnels": [ { "name": "kept", "bnid": 1 } ] }');
    child.kill("SIGHUP");
    for (let tried = 0;; tried++) {
      const { configFault, tunnels } = JSON.parse((await ask("status", "--json")).stdout);
      assert.equal(tunnels.length, 2);
      if (configFault !== undefined) {
        assert.match(configFault, /porthole\.json:1:\d+: .*bnid.*did you mean "bind"/);
        break;
      }
      assert.ok(tried < 20, "the fault was never shown");
    }
    child.kill("SIGTERM");
    const { stdout } = await child.ended();
    assert.deepEqual(
      stdout.split("\n").filter((line) => line.includes('"kept"')).map((line) => JSON.parse(line).event)
        .filter((event) => event !== "checked"),
      ["mapped", "stopped"],
    );
  },
});

Deno.test({
  name: "porthole run refuses a broken configuration with every fault and status 2",
  ignore: !isLinux,
  fn: async (): Promise<void> => {
    await using setting = await openSetting();
    Deno.writeTextFileSync(
      setting.file,
      '{\n  "tunnels": [\n    { "protocl": "tcp" },\n    { "bind": "nowhere:port" }\n  ]\n}\n',
    );
    const { code, stdout, stderr } = await setting.run().ended();
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /porthole\.json:3:7: .*protocl.*did you mean/);
    assert.match(stderr, /porthole\.json:4:\d+: tunnels\[1\]\.bind/);
  },
});

Deno.test({
  name: "porthole run binds the port it had and runs no hook again when nothing changed over a restart",
  ignore: !isLinux,
  fn: async (): Promise<void> => {
    await using setting = await openSetting();
    const { write, run, folder } = setting;
    const script = `${folder}/hook.sh`;
    await Deno.writeTextFile(script, `#!/bin/sh\necho "$PORTHOLE_EVENT $1:$2" >> ${folder}/told\n`, {
      mode: 0o755,
    });
    write({
      tunnels: [{ name: "page", bind: 0, test: true, hooks: [{ run: ["./hook.sh"] }] }],
      state: { directory: "state" },
    });
    const internals: (string | undefined)[] = [];
    for (let round = 0; round < 2; round++) {
      await using child = run();
      internals.push((await child.nextEvent("mapped"))["internal"]);
      if (round === 0) await child.nextEvent("hook");
      else await child.nextEvent("checked");
      child.kill("SIGTERM");
      await child.ended();
    }
    assert.equal(internals[1], internals[0]);
    assert.equal((await Deno.readTextFile(`${folder}/told`)).trim(), `mapped ${internals[0]}`);
  },
});

Deno.test({
  name: "porthole run keeps its tunnels open where hooks fail and the status file cannot be written",
  ignore: !isLinux,
  fn: async (): Promise<void> => {
    await using setting = await openSetting();
    const { write, run, ask } = setting;
    write({
      tunnels: [
        {
          name: "a",
          test: true,
          hooks: [{ run: ["./missing.sh"] }, { run: "yes | head -c 3000000; exit 7" }],
        },
        { name: "b", bind: 1, interface: "127.0.0.1", test: true },
      ],
      status: { file: "/proc/porthole/status.json" },
    });
    await using child = run();
    await child.nextEvent("mapped");
    assert.match((await child.nextEvent("hook"))["error"] ?? "", /missing\.sh/);
    const flooding = await child.nextEvent("hook");
    assert.deepEqual([flooding["status"], flooding["output"]], [7, "y"]);
    assert.equal((await ask("health", "a")).code, 0);
    child.kill("SIGTERM");
    assert.match((await child.ended()).stderr, /Cannot write status file/);
  },
});

Deno.test({
  name: "porthole run tells the service manager when it is up, reloads, and ends",
  ignore: !isLinux,
  fn: async (): Promise<void> => {
    await using setting = await openSetting();
    const { write, run, folder } = setting;
    const path = `${folder}/notify`;
    using owned = new DisposableStack();
    const inbox = owned.adopt(Deno.listenDatagram({ transport: "unixpacket", path }), (it) => it.close());
    // The socket's closing ends the wait where the program says nothing more.
    const timer = setTimeout(() => owned.dispose(), 15_000);
    owned.defer(() => clearTimeout(timer));
    const next = async (): Promise<string> => new TextDecoder().decode((await inbox.receive())[0]);
    write({ tunnels: [{ name: "page", test: true }] });
    await using child = run({ NOTIFY_SOCKET: path, WATCHDOG_USEC: "600000000" });
    assert.deepEqual([await next(), await next()].sort(), ["READY=1", "WATCHDOG=1"]);
    child.kill("SIGHUP");
    assert.match(await next(), /^RELOADING=1\nMONOTONIC_USEC=\d+$/);
    assert.equal(await next(), "READY=1");
    child.kill("SIGTERM");
    assert.equal(await next(), "STOPPING=1");
    assert.equal((await child.ended()).code, 143);
  },
});
