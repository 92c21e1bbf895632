import assert from "node:assert/strict";
import { systemClock } from "../../../../src/core/clock.ts";
import { Secret } from "../../../../src/core/secret.ts";
import type { QbittorrentOptions } from "../../../../src/publish/options.ts";
import { PublishError } from "../../../../src/publish/publisher.ts";
import { openQbittorrent } from "../../../../src/publish/torrent/qbittorrent.ts";
import { mapped, openHookServer } from "../webhook_rig.ts";
import { type FakeQbittorrentOptions, openFakeQbittorrent } from "./fake_qbittorrent.ts";

const parts = { fetch, clock: systemClock };
const never = new AbortController().signal;

function clientAt(url: string, changes: Partial<QbittorrentOptions> = {}): QbittorrentOptions {
  return {
    provider: "qbittorrent",
    url: `${url}/qb/`,
    user: "admin",
    password: new Secret("adminädmin&1"),
    port: "listen",
    ...changes,
  };
}

async function failureOf(
  fake: FakeQbittorrentOptions,
  changes: Partial<QbittorrentOptions> = {},
): Promise<PublishError> {
  await using server = openFakeQbittorrent(fake);
  try {
    await openQbittorrent(clientAt(server.url, changes), parts).publish(mapped(), never);
  } catch (error) {
    assert.ok(error instanceof PublishError, String(error));
    assert.ok(!Deno.inspect(error).includes("WR0NG"));
    assert.equal(server.sessions.size, 0, "signed out");
    return error;
  }
  return assert.fail("it was published");
}

for (const isNew of [false, true]) {
  Deno.test(`openQbittorrent() signs in, sets the port, and signs out (${isNew ? "5.2" : "4.x"})`, async () => {
    await using server = openFakeQbittorrent({ isNew });
    await openQbittorrent(clientAt(server.url), parts).publish(mapped(), never);
    assert.deepEqual(server.settings, { listen_port: 14_500, random_port: false });
    assert.deepEqual(server.calls, [
      "GET app/preferences",
      "POST auth/login",
      "GET app/preferences",
      "POST app/setPreferences",
      "GET app/preferences",
      "POST auth/logout",
    ]);
    assert.equal(server.sessions.size, 0);
  });
}

Deno.test("openQbittorrent() writes nothing when the port is the same", async () => {
  await using server = openFakeQbittorrent({ settings: { listen_port: 14_500 }, bypassesAuth: true });
  await openQbittorrent(clientAt(server.url), parts).publish(mapped(), never);
  assert.deepEqual(server.calls, ["GET app/preferences"]);
});

Deno.test("openQbittorrent() does not sign in where it is let in without", async () => {
  await using server = openFakeQbittorrent({ bypassesAuth: true });
  const options = clientAt(server.url, { user: undefined, password: undefined });
  await openQbittorrent(options, parts).publish(mapped(), never);
  assert.equal(server.settings["listen_port"], 14_500);
  assert.ok(!server.calls.some((call) => call.includes("auth")));
});

Deno.test("openQbittorrent() ends a random port, and touches no other setting", async () => {
  const settings = { listen_port: 14_500, random_port: true, upnp: true, dht: false };
  await using server = openFakeQbittorrent({ settings, bypassesAuth: true });
  await openQbittorrent(clientAt(server.url), parts).publish(mapped(), never);
  assert.deepEqual(server.settings, { ...settings, random_port: false });
});

Deno.test("openQbittorrent() sets the port for trackers alone where that is asked for", async () => {
  await using server = openFakeQbittorrent({ settings: { announce_port: 0 }, bypassesAuth: true });
  await openQbittorrent(clientAt(server.url, { port: "announce" }), parts).publish(mapped(), never);
  assert.deepEqual([server.settings["listen_port"], server.settings["announce_port"]], [6881, 14_500]);
});

Deno.test("openQbittorrent() refuses for good what only a person can mend", async () => {
  const wrong = { password: new Secret("WR0NG") };
  const cases: readonly (readonly [FakeQbittorrentOptions, Partial<QbittorrentOptions>, RegExp])[] = [
    [{}, wrong, /^wrong user or password$/],
    [{ refusal: "status" }, wrong, /^wrong user or password/],
    [{ isBanned: true }, {}, /refuses this address after too many wrong passwords/],
    [{}, { user: undefined, password: undefined }, /asks for a user and a password/],
    [{}, { port: "announce" }, /no announce_port, which came with 5\.1/],
  ];
  for (const [fake, changes, reason] of cases) {
    const error = await failureOf(fake, changes);
    assert.match(error.reason, reason);
    assert.ok(error.isPermanent, error.reason);
  }
});

Deno.test("openQbittorrent() does not believe a yes", async () => {
  const error = await failureOf({ ignores: true });
  assert.equal(error.reason, "listen_port is still 6881, although it said yes");
  assert.ok(!error.isPermanent);
});

Deno.test("openQbittorrent() takes other answers for failures that may pass", async () => {
  const answers: readonly (readonly [() => Response, RegExp])[] = [
    [(): Response => new Response("<html>"), /none of qBittorrent's/],
    [(): Response => Response.json({}), /have no listen_port/],
    [(): Response => new Response("x", { status: 502 }), /status 502/],
  ];
  for (const [answer, reason] of answers) {
    await using server = openHookServer(answer);
    await assert.rejects(openQbittorrent(clientAt(server.url), parts).publish(mapped(), never), (error) => {
      assert.ok(error instanceof PublishError);
      return reason.test(error.reason);
    });
  }
});

Deno.test("openQbittorrent() throws the reason when aborted", async () => {
  const stopping = new AbortController();
  const reason = new Error("enough");
  await using server = openHookServer(() => {
    stopping.abort(reason);
    return Response.json({ listen_port: 1 });
  });
  await assert.rejects(
    openQbittorrent(clientAt(server.url), parts).publish(mapped(), stopping.signal),
    (error) => error === reason,
  );
});
