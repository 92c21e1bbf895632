import assert from "node:assert/strict";
import { DnsError } from "../../../src/find/dns/dns_error.ts";
import { DohDns, type Fetch } from "../../../src/find/dns/doh_dns.ts";
import { alias, DnsAnswers, type FakeScript, messageOf, record, txt } from "../../fakes/dns_server.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { watch } from "../../fakes/fake_world.ts";

const NEVER = new AbortController().signal;
const URL_TEXT = "https://doh.test/dns-query";
const TYPE = "application/dns-message";

function bodyOf(init: RequestInit): Uint8Array {
  assert.ok(init.body instanceof Uint8Array);
  return init.body;
}

function respond(bytes: Uint8Array<ArrayBuffer>, init: ResponseInit = {}): Promise<Response> {
  return Promise.resolve(new Response(bytes, { headers: { "content-type": TYPE }, ...init }));
}

/** A server that checks what RFC 8484 asks of a request. */
function serverOf(answers: DnsAnswers): Fetch {
  return (url, init) => {
    const headers = new Headers(init.headers);
    assert.deepEqual([url, init.method, headers.get("content-type"), headers.get("accept"), init.redirect], [
      ...[URL_TEXT, "POST", TYPE, TYPE, "error"],
    ]);
    const query = bodyOf(init);
    assert.deepEqual([query[0], query[1]], [0, 0], "ID 0");
    const reply = answers.replyTo(query, "tcp");
    return reply === undefined ? new Promise(() => {}) : respond(new Uint8Array(messageOf(query, reply)));
  };
}

async function failureOf(fetch: Fetch): Promise<string> {
  const clock = new FakeClock();
  const asked = watch(new DohDns({ platform: { clock }, url: URL_TEXT, fetch }).ask("x.test", "TXT", NEVER));
  await clock.advance(6000);
  assert.ok(asked.error instanceof DnsError, String(asked.error ?? asked.value));
  assert.match(asked.error.message, /^Cannot look up TXT x\.test: doh\.test [^\n]+$/);
  assert.equal(clock.pendingTimers, 0);
  return `${asked.error.failure}: ${asked.error.reason}`;
}

Deno.test("DohDns.ask() posts a question and follows aliases", async () => {
  const answers = new DnsAnswers();
  answers.script = ({ name }) =>
    name === "x.test"
      ? { answers: [record("x.test", alias("y.test"), 30)] }
      : { answers: [record("y.test", txt("hello"), 90)] };
  const dns = new DohDns({ platform: { clock: new FakeClock() }, url: URL_TEXT, fetch: serverOf(answers) });
  const answer = await dns.ask("x.test", "TXT", NEVER);
  assert.deepEqual(answer, {
    records: [{ type: "TXT", strings: ["hello"] }],
    ttlSeconds: 30,
    isAuthoritative: false,
  });
});

Deno.test("DohDns.ask() tells what is wrong with a server", async () => {
  const scripted = (script: FakeScript): Fetch => {
    const answers = new DnsAnswers();
    answers.script = script;
    return serverOf(answers);
  };
  const cases: readonly (readonly [Fetch, RegExp])[] = [
    [scripted(() => ({ rcode: 2 })), /^server: .*SERVFAIL/],
    [scripted(() => ({ idOffset: 1 })), /^malformed: .*something else/],
    [scripted(() => ({ question: { name: "y.test", type: 16 } })), /^malformed/],
    [scripted(({ name }) => ({ answers: [record(name, alias(`a.${name}`))] })), /^malformed: .*aliases/],
    [() => respond(new Uint8Array(), { status: 503 }), /^server: .*status 503/],
    [() => respond(new Uint8Array(70_000)), /^malformed/],
    [() => respond(Uint8Array.of(1)), /^malformed/],
    [() => respond(new Uint8Array(), { headers: { "content-type": "text/html" } }), /^malformed: .*RFC 8484/],
    [() => Promise.reject(new TypeError("certificate expired")), /^unreachable: .*certificate expired/],
    [
      () =>
        Promise.reject(
          new TypeError("fetch failed", { cause: new Error("error for url (https://doh.test/): lost") }),
        ),
      /^unreachable: doh\.test cannot be asked \(lost\)$/,
    ],
    [
      (_, { signal }) =>
        new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
      /^timeout: .*no answer within 5 s/,
    ],
  ];
  for (const [fetch, words] of cases) assert.match(await failureOf(fetch), words);
});

Deno.test("DohDns.ask() throws the signal's reason unchanged", async () => {
  const controller = new AbortController();
  const fetch: Fetch = (_, { signal }) =>
    new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  const dns = new DohDns({ platform: { clock: new FakeClock() }, url: URL_TEXT, fetch });
  const asked = dns.ask("x.test", "TXT", controller.signal);
  const reason = new Error("enough");
  controller.abort(reason);
  await assert.rejects(asked, reason);
});
