import assert from "node:assert/strict";
import { Secret } from "../../../src/core/secret.ts";
import type { Fetch } from "../../../src/reach/ask_http.ts";
import {
  askCaller,
  bearerOf,
  probeFromOutside,
  type ProbeFromOutsideOptions,
  reflectorUrl,
} from "../../../src/reach/ask_reflector.ts";
import type { OutsideFinding } from "../../../src/reach/evidence.ts";
import { outsideProbeOf } from "../../../src/reach/outside_probe.ts";
import { watch } from "../../fakes/fake_world.ts";
import { CALLER, ReflectorRig, URL_BASE } from "./reflector_rig.ts";

const ENDPOINT = { address: CALLER.address, port: 14_500 };
const TOKEN = new Secret("s3cret-s3cret-s3cret");

async function probe(
  rig: ReflectorRig,
  options: Partial<ProbeFromOutsideOptions> & { readonly endpoint?: typeof ENDPOINT } = {},
): Promise<OutsideFinding> {
  const { endpoint = ENDPOINT, ...more } = options;
  const { fetch, world: { clock } } = rig;
  const asking = watch(probeFromOutside(endpoint, { url: URL_BASE, fetch, clock, protocol: "tcp", ...more }));
  await clock.advance(30_000);
  assert.ok(asking.isSettled, "it ends within 30 s");
  if (asking.error !== undefined) throw asking.error;
  assert.equal(clock.pendingTimers, 0, "a timer was left");
  return asking.value ?? assert.fail("no finding");
}

Deno.test("probeFromOutside() asks who we are, then tries, with the token", async () => {
  const shown: (string | undefined)[] = [];
  const rig = new ReflectorRig({
    fromAddress: "198.51.100.4",
    accepts: (header) => {
      shown.push(header);
      return header === `Bearer ${TOKEN.reveal()}`;
    },
  });
  await rig.accept(ENDPOINT);
  const { from, ...finding } = await probe(rig, { token: TOKEN, url: `${URL_BASE}deep` }).catch(() =>
    assert.fail()
  );
  assert.equal(finding.detail, "status 404: there is no such service at this URL", "the path is kept");
  assert.equal(from, undefined);
  rig.requests.length = 0;
  const good = await probe(rig, { token: TOKEN });
  assert.deepEqual([good.state, good.reason, good.fromAskedAddress, good.seen, good.witness], [
    ...["yes", "connected", false, "203.0.113.10", "reflector.example"],
  ]);
  assert.equal(good.from?.address, "198.51.100.4");
  assert.deepEqual(rig.requests, ["GET /v1/me", "POST /v1/probe"]);
  assert.ok(shown.every((header) => header === `Bearer ${TOKEN.reveal()}`));
});

Deno.test("probeFromOutside() leaves an endpoint at another address alone", async () => {
  const rig = new ReflectorRig();
  const finding = await probe(rig, { endpoint: { address: "203.0.113.99", port: 80 } });
  assert.deepEqual([finding.state, finding.reason, finding.seen], [
    "unknown",
    "other-address",
    CALLER.address,
  ]);
  assert.deepEqual(rig.requests, ["GET /v1/me"]);
  assert.deepEqual(rig.world.net.connects, []);
});

Deno.test("probeFromOutside() does not take a probe of another address for one of ours", async () => {
  const rig = new ReflectorRig();
  let asked = 0;
  const fetch: Fetch = (url, init) => {
    // A carrier with several external addresses.
    if (asked++ > 0) rig.caller = { ...CALLER, address: "203.0.113.77" };
    return rig.fetch(url, init);
  };
  const finding = await probe(rig, { fetch });
  assert.deepEqual([finding.state, finding.reason, finding.seen], [
    "unknown",
    "other-address",
    "203.0.113.77",
  ]);
});

Deno.test("probeFromOutside() is unknown, with the reason and no secret, whatever goes wrong", async () => {
  const answer = (body: BodyInit | null, init: ResponseInit = {}): Fetch => () =>
    Promise.resolve(new Response(body, init));
  const afterMe = (then: Fetch): Fetch => (url, init) =>
    url.endsWith("/me") ? Promise.resolve(Response.json(CALLER)) : then(url, init);
  const table: readonly (readonly [Fetch, RegExp])[] = [
    [answer(null, { status: 401 }), /^status 401: the token/],
    [
      answer(null, { status: 302, headers: { location: "http://evil.example/" } }),
      /redirects are not followed/,
    ],
    [answer("nothing", { status: 500 }), /^status 500$/],
    [answer("<html>"), /no reflector/],
    [answer('{"address":"x","port":1}'), /no reflector/],
    [answer("x".repeat(5000)), /too long/],
    [answer(Uint8Array.of(0xff)), /too long or breaks off/],
    [afterMe(answer(null, { status: 429 })), /asked too often/],
    [afterMe(answer('{"reachable":"yes"}')), /no reflector/],
    [
      () =>
        Promise.reject(
          new TypeError(`error sending request for url (${URL_BASE}?k=${TOKEN.reveal()}): refused`),
        ),
      /^refused$/,
    ],
    [
      () => Promise.reject(new TypeError("x", { cause: new Error(`see https://u:${TOKEN.reveal()}@h/`) })),
      /^see \*\*\*$/,
    ],
    [
      (_url, init) =>
        new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(init.signal?.reason))),
      /^no answer within 5 s$/,
    ],
    [answer(new ReadableStream({ pull: () => new Promise(() => {}) })), /^no answer within 5 s$/],
  ];
  for (const [fetch, reason] of table) {
    const finding = await probe(new ReflectorRig(), { fetch, token: TOKEN });
    assert.deepEqual([finding.state, finding.reason], ["unknown", "failed"], `${reason}`);
    assert.match(finding.detail ?? "", reason);
    assert.ok(!JSON.stringify(finding).includes(TOKEN.reveal()));
  }
});

Deno.test("probeFromOutside() passes an abort on unchanged", async () => {
  const rig = new ReflectorRig();
  rig.world.net.silent.add(CALLER.address);
  const stop = new AbortController();
  const reason = new Error("over");
  const { fetch, world: { clock } } = rig;
  const cut = watch(
    probeFromOutside(ENDPOINT, {
      ...{ url: URL_BASE, clock, protocol: "tcp", signal: stop.signal },
      fetch: (url, init) =>
        url.endsWith("me")
          ? fetch(url, init)
          : new Promise((_, reject) =>
            init.signal?.addEventListener("abort", () => reject(init.signal?.reason))
          ),
    }),
  );
  await clock.advance(100);
  stop.abort(reason);
  await clock.advance(0);
  assert.equal(cut.error, reason);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("probeFromOutside() throws a TypeError for a URL or a token that cannot be used", async () => {
  for (const url of ["", "reflector.example", "ftp://r/", "http://u:p@r/", "http://r/?t=1", "http://r/#x"]) {
    assert.throws(() => reflectorUrl(url), TypeError, url);
    await assert.rejects(probe(new ReflectorRig(), { url }), TypeError);
  }
  assert.equal(reflectorUrl("https://r.example/a").href, "https://r.example/a/");
  for (const token of ["a b", "é", "a\nb", ""]) {
    assert.throws(() => bearerOf(new Secret(token)), (error: Error) => {
      return error instanceof TypeError && (token === "" || !error.message.includes(token));
    });
  }
});

Deno.test("askCaller() tells what the reflector sees", async () => {
  const { fetch, world: { clock } } = new ReflectorRig();
  assert.deepEqual(await askCaller({ url: URL_BASE, fetch, clock }), CALLER);
});

Deno.test("outsideProbeOf() knocks over TCP, and over UDP wants the datagram back", async () => {
  const rig = new ReflectorRig();
  const { fetch, world: { clock, net, platform: { random } } } = rig;
  const probeIt = outsideProbeOf({ url: URL_BASE, fetch, clock, random });
  const { signal } = new AbortController();
  const run = async (...args: Parameters<typeof probeIt>): ReturnType<typeof probeIt> => {
    const running = probeIt(...args);
    await clock.advance(20_000);
    return await running;
  };
  assert.equal((await run(ENDPOINT, "tcp", signal)).state, "closed");
  await rig.accept(ENDPOINT);
  const open = await run(ENDPOINT, "tcp", signal);
  assert.deepEqual([open.state, open.reason, open.fromAskedAddress], ["open", undefined, true]);
  assert.match(
    open.evidence,
    /^reflector\.example \(198\.51\.100\.3:\d+\) knocked at 203\.0\.113\.10:14500 over tcp: connected$/,
  );
  const silent = await run(ENDPOINT, "udp", signal);
  assert.equal(silent.state, "closed", "an echo was promised");
  const socket = await net.openDatagram({
    local: ENDPOINT,
    onDatagram: (data, from) => socket.send(data, from),
  });
  assert.equal((await run(ENDPOINT, "udp", signal)).state, "open");
  const other = await run({ address: "203.0.113.99", port: 1 }, "udp", signal);
  assert.deepEqual([other.state, other.reason, other.fromAskedAddress], [
    ...["unknown", "reflector.example sees this host at 203.0.113.10", undefined],
  ]);
});
