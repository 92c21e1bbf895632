import assert from "node:assert/strict";
import fc from "fast-check";
import {
  cleaned,
  parseCallerAnswer,
  parseProbeAnswer,
  type ProbeAnswer,
  probeAnswerToJson,
} from "../../../src/reach/probe_answer.ts";
import {
  encodeProbeRequest,
  parseProbeRequest,
  type ProbeRequest,
} from "../../../src/reach/probe_request.ts";

const ANSWER: ProbeAnswer = {
  reachable: "no",
  reason: "refused",
  ms: 12.34,
  target: { address: "203.0.113.10", port: 14_500 },
  from: { address: "2001:db8::1", port: 5 },
  fromAskedAddress: false,
  error: "ECONNREFUSED",
};

Deno.test("parseProbeRequest() reads back what encodeProbeRequest() wrote", () => {
  const bytes = fc.option(fc.uint8Array({ minLength: 1, maxLength: 32 }), { nil: undefined });
  const requests = fc.record({
    protocol: fc.constantFrom<"tcp" | "udp">("tcp", "udp"),
    port: fc.integer({ min: 1, max: 65_535 }),
    send: bytes,
    payload: bytes,
    timeoutMs: fc.integer({ min: 100, max: 5000 }),
  }).filter(({ protocol, send, payload }) =>
    protocol === "udp" || send === undefined || payload !== undefined
  );
  fc.assert(fc.property(requests, (request: ProbeRequest) => {
    assert.deepEqual(parseProbeRequest(encodeProbeRequest(request)), {
      kind: "request",
      request: { ...request },
    });
  }));
});

Deno.test("parseProbeRequest() says what is wrong, and refuses an address above all", () => {
  const table: Readonly<Record<string, RegExp>> = {
    "": /not a JSON object/,
    "[]": /not a JSON object/,
    "null": /not a JSON object/,
    '{"protocol":"tcp","port":80,"address":"192.0.2.1"}': /no field "address"/,
    '{"protocol":"tcp","port":80,"host":"x"}': /no field "host"/,
    '{"port":80}': /protocol/,
    '{"protocol":"sctp","port":80}': /protocol/,
    '{"protocol":"tcp"}': /port/,
    '{"protocol":"tcp","port":0}': /port/,
    '{"protocol":"tcp","port":65536}': /port/,
    '{"protocol":"tcp","port":"80"}': /port/,
    '{"protocol":"tcp","port":1.5}': /port/,
    '{"protocol":"tcp","port":80,"timeoutMs":60000}': /timeoutMs/,
    '{"protocol":"udp","port":80,"send":""}': /send/,
    '{"protocol":"udp","port":80,"send":"abc"}': /send/,
    '{"protocol":"udp","port":80,"payload":"zz"}': /payload/,
    '{"protocol":"udp","port":80,"payload":7}': /payload/,
    [`{"protocol":"udp","port":80,"send":"${"00".repeat(33)}"}`]: /send/,
    '{"protocol":"tcp","port":80,"send":"00"}': /payload/,
    '{"__proto__":{"protocol":"tcp"},"port":80}': /./,
  };
  for (const [text, reason] of Object.entries(table)) {
    const reading = parseProbeRequest(text);
    assert.ok(reading.kind === "fault", text);
    assert.match(reading.reason, reason, text);
  }
});

Deno.test("parseProbeAnswer() reads back what probeAnswerToJson() wrote, tenths of a millisecond", () => {
  const text = JSON.stringify(probeAnswerToJson(ANSWER));
  assert.deepEqual(parseProbeAnswer(text), { ...ANSWER, ms: 12.3 });
  const { from: _from, error: _error, ...bare } = ANSWER;
  const reread = parseProbeAnswer(JSON.stringify(probeAnswerToJson({ ...bare, fromAskedAddress: true })));
  assert.deepEqual(reread, {
    ...ANSWER,
    ms: 12.3,
    from: undefined,
    error: undefined,
    fromAskedAddress: true,
  });
});

Deno.test("parsers of what comes from outside are total", () => {
  const values = fc.json();
  const keys = [
    "protocol",
    "port",
    "send",
    "payload",
    "reachable",
    "reason",
    "target",
    "ms",
    "address",
    "from",
  ];
  const objects = fc.dictionary(fc.constantFrom(...keys), fc.anything()).map((value) => {
    try {
      return JSON.stringify(value) ?? "";
    } catch {
      return "";
    }
  });
  fc.assert(fc.property(fc.oneof(fc.string({ unit: "binary" }), values, objects), (text) => {
    parseProbeRequest(text);
    parseProbeAnswer(text);
    parseCallerAnswer(text);
  }));
});

Deno.test("parseProbeAnswer() refuses what makes no sense and cleans the words", () => {
  const good = probeAnswerToJson(ANSWER);
  const bad: readonly Readonly<Record<string, unknown>>[] = [
    { reachable: "maybe" },
    { reachable: true },
    { reason: "because" },
    { ms: -1 },
    { ms: "1" },
    { target: "example.org:80" },
    { target: undefined },
    { fromAskedAddress: "false" },
  ];
  for (const change of bad) assert.equal(parseProbeAnswer(JSON.stringify({ ...good, ...change })), undefined);
  const rude = parseProbeAnswer(JSON.stringify({ ...good, error: "a\u001b[2J\nb\u202e" + "x".repeat(1000) }));
  assert.match(rude?.error ?? "", /^a \[2J b x+$/);
  assert.equal(rude?.error?.length, 200);
  assert.equal(cleaned(" \t\n"), "");
});

Deno.test("parseCallerAnswer() takes an address and a port and writes them canonically", () => {
  assert.deepEqual(parseCallerAnswer('{"address":"2001:DB8:0::1","port":5}'), {
    address: "2001:db8::1",
    port: 5,
  });
  for (
    const text of [
      '{"address":"x","port":5}',
      '{"address":"192.0.2.1","port":70000}',
      '{"address":"192.0.2.1"}',
      "1",
    ]
  ) {
    assert.equal(parseCallerAnswer(text), undefined, text);
  }
});
