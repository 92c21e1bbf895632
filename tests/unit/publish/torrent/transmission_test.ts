import assert from "node:assert/strict";
import { systemClock } from "../../../../src/core/clock.ts";
import { Secret } from "../../../../src/core/secret.ts";
import type { TransmissionOptions } from "../../../../src/publish/options.ts";
import { PublishError } from "../../../../src/publish/publisher.ts";
import { openTransmission } from "../../../../src/publish/torrent/transmission.ts";
import { mapped, openHookServer } from "../webhook_rig.ts";
import { type FakeTransmissionOptions, openFakeTransmission } from "./fake_transmission.ts";

const parts = { fetch, clock: systemClock };
const never = new AbortController().signal;

function daemonAt(url: string, changes: Partial<TransmissionOptions> = {}): TransmissionOptions {
  return { provider: "transmission", url, user: undefined, password: undefined, ...changes };
}

async function failureOf(
  fake: FakeTransmissionOptions,
  changes: Partial<TransmissionOptions> = {},
): Promise<PublishError> {
  await using server = openFakeTransmission(fake);
  try {
    await openTransmission(daemonAt(server.url, changes), parts).publish(mapped(), never);
  } catch (error) {
    assert.ok(error instanceof PublishError, String(error));
    assert.ok(!Deno.inspect(error).includes("WR0NG"));
    return error;
  }
  return assert.fail("it was published");
}

for (const isNew of [false, true]) {
  const version = isNew ? "JSON-RPC of 4.1" : "RPC until 4.0";
  const names = isNew ? ["session_get", "session_set"] : ["session-get", "session-set"];

  Deno.test(`openTransmission() sets the peer port by the ${version}`, async () => {
    await using server = openFakeTransmission({ isNew, isRandom: true });
    const publisher = openTransmission(daemonAt(`${server.url}/`), parts);
    await publisher.publish(mapped(), never);
    assert.deepEqual([server.port, server.isRandom], [14_500, false]);
    const [get, set] = names;
    assert.deepEqual(server.calls, [get, set, get]);
    assert.equal(server.sessions, 1);
    // Nothing is written when it is the same, and the session goes on.
    await publisher.publish(mapped(), never);
    assert.deepEqual(server.calls.slice(3), [get]);
    assert.equal(server.sessions, 1);
  });

  Deno.test(`openTransmission() goes on when the session is renewed (${version})`, async () => {
    await using server = openFakeTransmission({ isNew, requestsPerSession: 1 });
    await openTransmission(daemonAt(`${server.url}/transmission/rpc`), parts).publish(mapped(), never);
    assert.equal(server.port, 14_500);
    assert.equal(server.sessions, 3);
  });
}

Deno.test("openTransmission() ends a random port although the port is the same", async () => {
  await using server = openFakeTransmission({ port: 14_500, isRandom: true });
  await openTransmission(daemonAt(server.url), parts).publish(mapped(), never);
  assert.deepEqual([server.port, server.isRandom], [14_500, false]);
});

Deno.test("openTransmission() tells who asks", async () => {
  await using server = openFakeTransmission({ asksWho: true });
  const account = { user: "me", password: new Secret("pä:ss") };
  await openTransmission(daemonAt(server.url, account), parts).publish(mapped(), never);
  assert.equal(server.port, 14_500);
});

Deno.test("openTransmission() refuses for good what only a person can mend", async () => {
  const wrong = { user: "me", password: new Secret("WR0NG") };
  const cases: readonly (readonly [FakeTransmissionOptions, Partial<TransmissionOptions>, RegExp])[] = [
    [{ asksWho: true }, wrong, /^wrong user or password$/],
    [{ asksWho: true }, {}, /asks for a user and a password/],
    [{ status: 403 }, {}, /rpc-whitelist/],
    [{ status: 421 }, {}, /rpc-host-whitelist/],
    [{ status: 404 }, {}, /^status 404$/],
  ];
  for (const [fake, changes, reason] of cases) {
    const error = await failureOf(fake, changes);
    assert.match(error.reason, reason);
    assert.ok(error.isPermanent, error.reason);
  }
});

Deno.test("openTransmission() takes other answers for failures that may pass", async () => {
  const cases: readonly (readonly [FakeTransmissionOptions, RegExp])[] = [
    [{ ignores: true }, /^the peer port is still 51413, although it said yes$/],
    [{ requestsPerSession: 0 }, /none of the session IDs/],
    [{ status: 409 }, /409 without a session ID/],
    [{ status: 503 }, /^status 503$/],
    [{ status: 200 }, /none of Transmission's/],
  ];
  for (const [fake, reason] of cases) {
    const error = await failureOf(fake);
    assert.match(error.reason, reason);
    assert.ok(!error.isPermanent, error.reason);
  }
  await using server = openHookServer(() =>
    Response.json({ arguments: {}, result: "method name\nnot recognized" })
  );
  await assert.rejects(openTransmission(daemonAt(server.url), parts).publish(mapped(), never), {
    reason: "method name not recognized",
  });
});
