import assert from "node:assert/strict";
import * as fc from "fast-check";
import { type HttpAnswer, HttpAnswerError, HttpAnswerReader } from "../../../src/gateway/http_answer.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Reads it in pieces of that many bytes; `undefined` while it is not complete. */
function read(text: string, { pieceBytes = 1e9, ends = false } = {}): HttpAnswer | undefined {
  const reader = new HttpAnswerReader();
  const bytes = encode(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const answer = reader.push(bytes.subarray(at, at + pieceBytes));
    if (answer !== undefined) return answer;
  }
  return ends ? reader.end() : undefined;
}

const WHOLE: readonly (readonly [text: string, answer: HttpAnswer, about: string])[] = [
  ["HTTP/1.1 200 OK\r\ncontent-LENGTH: 5\r\n\r\nhello, and more", { status: 200, text: "hello" }, "a length"],
  ["HTTP/1.0 500\nContent-Length:0\n\n", { status: 500, text: "" }, "bare line feeds and no reason"],
  [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
    { status: 200, text: "hello!" },
    "chunks",
  ],
  [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00000005\r\nhello\r\n00000000\r\n\r\n",
    { status: 200, text: "hello" },
    "sizes of chunks that are filled up with zeros",
  ],
  [
    "HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    { status: 200, text: "hello" },
    "an interim answer before it",
  ],
];

for (const [text, answer, about] of WHOLE) {
  Deno.test(`HttpAnswerReader reads an answer with ${about}, in pieces of any size`, () => {
    for (const pieceBytes of [1, 2, 3, 7, 1e9]) assert.deepEqual(read(text, { pieceBytes }), answer);
  });
}

Deno.test("HttpAnswerReader reads until the end where there is no length", () => {
  const text = "HTTP/1.1 200 OK\r\n\r\n<root/>";
  assert.equal(read(text), undefined);
  assert.deepEqual(read(text, { ends: true, pieceBytes: 3 }), { status: 200, text: "<root/>" });
});

const BROKEN: readonly (readonly [text: string, about: string])[] = [
  ["", "nothing"],
  ["HTTP/1.1 200 OK\r\nA: b", "half a head"],
  ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "half a body"],
  ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "no last chunk"],
  ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n", "a chunk without a size"],
  ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n", "a chunk that is longer"],
  ["SSH-2.0-OpenSSH_9.2\r\n\r\n", "another protocol"],
  ["HTTP/1.1 999 X\r\n\r\n", "no status"],
  ["HTTP/1.1 100 Continue\r\n\r\n".repeat(2_000), "endless interim answers"],
  ["HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "a strange length"],
  ["HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n", "a length beyond all need"],
  [`HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(4000)}\r\n`, "endless headers"],
  [`HTTP/1.1 200 OK\r\nA: ${"b".repeat(5000)}\r\n\r\n`, "an endless line"],
  [`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(200_000)}`, "an endless body"],
  [
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${`ffff\r\n${"x".repeat(65_535)}\r\n`.repeat(3)}`,
    "endless chunks",
  ],
];

for (const [text, about] of BROKEN) {
  Deno.test(`HttpAnswerReader refuses ${about}`, () => {
    assert.throws(() => read(text, { ends: true }), HttpAnswerError);
  });
}

Deno.test("HttpAnswerReader gives an answer or an HttpAnswerError for any bytes, however they are cut", () => {
  const piece = fc.constantFrom(
    "HTTP/1.1 200 OK\r\n",
    "\r\n",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "3\r\nabc\r\n",
    "0\r\n",
    "abc",
    "\n",
  );
  const text = fc.oneof(fc.string(), fc.array(piece, { maxLength: 20 }).map((parts) => parts.join("")));
  const outcome = (input: string, pieceBytes: number): string => {
    try {
      return JSON.stringify(read(input, { pieceBytes, ends: true }));
    } catch (error) {
      assert.ok(error instanceof HttpAnswerError, String(error));
      return "error";
    }
  };
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 9 }), (input, pieceBytes) => {
      // With a length the answer is whole before the end, whatever follows.
      assert.equal(outcome(input, pieceBytes), outcome(input, pieceBytes + 1));
    }),
    { numRuns: 500 },
  );
});
