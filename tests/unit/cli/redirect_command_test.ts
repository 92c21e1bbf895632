import assert from "node:assert/strict";
import type { RedirectArgs } from "../../../src/cli/redirect_args.ts";
import { runRedirect } from "../../../src/cli/redirect.ts";
import { service, tunnel } from "../status/status_rig.ts";
import { Daemon, Terminal } from "./status_rig.ts";

function args(more: Partial<RedirectArgs>): RedirectArgs {
  return {
    ...{ command: "redirect", json: false, logLevel: undefined, quiet: false, lang: undefined },
    listen: [{ address: "127.0.0.1", port: 0 }],
    ...{ name: undefined, scheme: undefined, status: undefined, host: undefined, socket: undefined },
    ...more,
  };
}

Deno.test("runRedirect() sends browsers where the daemon's tunnel is, and follows it", async () => {
  await using daemon = await Daemon.open();
  const at = (external: string): void => {
    daemon.control.current = service([tunnel({ name: "web", external })]);
  };
  at("203.0.113.10:14500");
  const terminal = new Terminal();
  const running = runRedirect(args({ socket: daemon.path, name: "web" }), terminal.session);
  await terminal.until((text) => text.includes("\n"));
  const url = /http:\S+/.exec(terminal.stdout)?.[0] ?? assert.fail(terminal.stdout);
  const ask = async (): Promise<string | null> => {
    const response = await fetch(`${url}a?b=c`, { redirect: "manual" });
    await response.body?.cancel();
    return response.headers.get("location");
  };
  assert.equal(await ask(), "http://203.0.113.10:14500/a?b=c");
  at("203.0.113.11:14501");
  let seen = await ask();
  // What was asked within the last half second is not asked again.
  for (let i = 0; i < 200 && seen !== "http://203.0.113.11:14501/a?b=c"; i++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    seen = await ask();
  }
  assert.equal(seen, "http://203.0.113.11:14501/a?b=c");
  terminal.stop.abort(new Error("stop"));
  assert.equal(await running, 0);
});

Deno.test("runRedirect() answers 503 and says why once while there is no daemon", async () => {
  const terminal = new Terminal({ isJson: true });
  const running = runRedirect(args({ socket: "/nonexistent/porthole.sock" }), terminal.session);
  await terminal.until((text) => text.includes("\n"));
  const { event, url } = JSON.parse(terminal.stdout);
  assert.equal(event, "listening");
  for (let i = 0; i < 2; i++) {
    const response = await fetch(url, { redirect: "manual" });
    assert.equal(response.status, 503);
    await response.body?.cancel();
  }
  terminal.stop.abort(new Error("stop"));
  assert.equal(await running, 0);
  assert.equal(
    terminal.log.lines.filter((line) => /Cannot tell where the tunnel is/.test(JSON.stringify(line))).length,
    1,
  );
});
