import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeMessage, DnsDecodeError, lastRecordOffset } from "../../../src/dns/message.ts";
import { signMessage, type TsigKey, verifyAnswer } from "../../../src/dns/tsig.ts";
import {
  BADKEY,
  BADSIG,
  BADTIME,
  SECRET,
  SIGNED,
  SIGNED_AT,
  type SignedCapture,
  UPDATE,
} from "../../vectors/dns_tsig.ts";

const NOW = new Date(SIGNED_AT * 1000);
const ACCEPTED = [...SIGNED, UPDATE];

function keyOf({ name, algorithm }: SignedCapture, secret = SECRET): TsigKey {
  return { name, algorithm, secret: Uint8Array.fromBase64(secret) };
}

/** The message without its TSIG record. */
function unsigned(hex: string): Uint8Array {
  const bytes = Uint8Array.fromHex(hex);
  const message = bytes.slice(0, lastRecordOffset(bytes));
  message[11] = (message[11] ?? 0) - 1;
  return message;
}

async function requestMac(capture: SignedCapture, now: Date = NOW): Promise<Uint8Array> {
  return (await signMessage(unsigned(capture.query), { key: keyOf(capture), now })).mac;
}

Deno.test("signMessage() signs as dig and nsupdate do when it has the same key and time", async () => {
  for (const capture of ACCEPTED) {
    const { bytes } = await signMessage(unsigned(capture.query), { key: keyOf(capture), now: NOW });
    assert.equal(bytes.toHex(), capture.query, capture.algorithm);
  }
});

Deno.test("signMessage() signs as BIND does when it signs an answer", async () => {
  for (const capture of ACCEPTED) {
    const options = { key: keyOf(capture), now: NOW, requestMac: await requestMac(capture) };
    const { bytes } = await signMessage(unsigned(capture.answer), options);
    assert.equal(bytes.toHex(), capture.answer, capture.algorithm);
  }
});

Deno.test("verifyAnswer() finds BIND's answers valid when the clock is within the fudge", async () => {
  for (const capture of ACCEPTED) {
    const mac = await requestMac(capture);
    for (const seconds of [-300, 0, 300]) {
      const now = new Date(NOW.getTime() + seconds * 1000);
      const finding = await verifyAnswer(Uint8Array.fromHex(capture.answer), {
        ...{ key: keyOf(capture), requestMac: mac, now },
      });
      assert.deepEqual(finding, { kind: "valid" });
    }
  }
});

Deno.test("verifyAnswer() finds what is wrong when an answer is not the server's", async () => {
  const [, capture = UPDATE] = SIGNED;
  const answer = Uint8Array.fromHex(capture.answer);
  const options = { key: keyOf(capture), requestMac: await requestMac(capture), now: NOW };
  const later = new Date(NOW.getTime() + 302_000);
  const rows = [
    [await verifyAnswer(answer, { ...options, now: later }), "time"],
    [await verifyAnswer(answer, { ...options, key: keyOf(capture, "d3Jvbmc=") }), "mac"],
    [await verifyAnswer(answer, { ...options, requestMac: new Uint8Array(32) }), "mac"],
    [await verifyAnswer(answer, { ...options, key: { ...options.key, name: "other" } }), "key"],
    [await verifyAnswer(answer, { ...options, key: { ...options.key, algorithm: "hmac-sha512" } }), "key"],
  ] as const;
  for (const [finding, part] of rows) assert.deepEqual(finding, { kind: "wrong", part });
});

Deno.test("verifyAnswer() never finds an answer valid when one byte of it is another", async () => {
  const [, capture = UPDATE] = SIGNED;
  const answer = Uint8Array.fromHex(capture.answer);
  const options = { key: keyOf(capture), requestMac: await requestMac(capture), now: NOW };
  const change = fc.tuple(fc.nat({ max: answer.length - 1 }), fc.integer({ min: 1, max: 255 }));
  await fc.assert(
    fc.asyncProperty(change, async ([at, flip]) => {
      const changed = answer.slice();
      changed[at] = (changed[at] ?? 0) ^ flip;
      try {
        const finding = await verifyAnswer(changed, options);
        if (finding.kind !== "valid") return;
        // Not signed: the ID (its original is), the case of names in the TSIG record, its TTL.
        const tsigAt = lastRecordOffset(answer) ?? 0;
        assert.ok(at < 2 || at >= tsigAt, `byte ${at}`);
        const sections = ({ answers, rcode, questions }: ReturnType<typeof decodeMessage>): unknown => ({
          ...{ answers, rcode, questions },
        });
        assert.deepEqual(sections(decodeMessage(changed)), sections(decodeMessage(answer)));
      } catch (error) {
        if (!(error instanceof DnsDecodeError)) throw error;
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("verifyAnswer() tells the server's reason when it refused the signature", async () => {
  const options = async (
    capture: SignedCapture,
    now: Date = NOW,
  ): Promise<Parameters<typeof verifyAnswer>[1]> => ({
    ...{ key: keyOf(capture), requestMac: await requestMac(capture, now), now },
  });
  assert.deepEqual(await verifyAnswer(Uint8Array.fromHex(BADSIG.answer), await options(BADSIG)), {
    ...{ kind: "refused", error: "BADSIG", serverSeconds: undefined },
  });
  assert.deepEqual(await verifyAnswer(Uint8Array.fromHex(BADKEY.answer), await options(BADKEY)), {
    ...{ kind: "refused", error: "BADKEY", serverSeconds: undefined },
  });
  const early = new Date(1_000_000_000_000);
  assert.deepEqual(await verifyAnswer(Uint8Array.fromHex(BADTIME.answer), await options(BADTIME, early)), {
    ...{ kind: "refused", error: "BADTIME", serverSeconds: SIGNED_AT },
  });
});

Deno.test("verifyAnswer() finds an answer unsigned when it has no TSIG record", async () => {
  const [, capture = UPDATE] = SIGNED;
  const options = { key: keyOf(capture), requestMac: await requestMac(capture), now: NOW };
  assert.deepEqual(await verifyAnswer(unsigned(capture.answer), options), { kind: "unsigned" });
});
