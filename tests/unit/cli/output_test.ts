import assert from "node:assert/strict";
import { isBrokenPipe, Output } from "../../../src/cli/output.ts";

/** Takes at most `chunk` bytes at a time, and only while it is open. */
class FakeSink {
  text = "";
  failure: Error | undefined;
  readonly #chunk: number;

  constructor(chunk = Infinity) {
    this.#chunk = chunk;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    const part = bytes.subarray(0, this.#chunk);
    this.text += new TextDecoder().decode(part);
    return part.length;
  }
}

Deno.test("Output.line() writes whole lines in order, however little the sink takes at a time", async () => {
  const sink = new FakeSink(3);
  const output = new Output({ sink });
  output.line("one");
  output.json({ two: 2 });
  await output.flush();
  output.line("three");
  await output.flush();
  assert.equal(sink.text, 'one\n{"two":2}\nthree\n');
});

Deno.test("Output.line() drops and counts lines when the reader is too far behind", async () => {
  const sink = new FakeSink();
  const output = new Output({ sink, maxPendingBytes: 8 });
  for (const line of ["aaa", "bbb", "ccc"]) output.line(line);
  assert.equal(output.droppedLines, 1);
  await output.flush();
  output.line("ddd");
  await output.flush();
  assert.equal(sink.text, "aaa\nbbb\nddd\n");
});

Deno.test("Output tells once that nobody reads any more, and is silent afterwards", async () => {
  const sink = new FakeSink();
  sink.failure = new Deno.errors.BrokenPipe("gone");
  const told: unknown[] = [];
  const output = new Output({ sink, onClosed: (error) => told.push(error) });
  output.line("a");
  output.line("b");
  await output.flush();
  output.line("c");
  await output.flush();
  assert.deepEqual(told, [sink.failure]);
  assert.ok(isBrokenPipe(told[0]));
  assert.ok(!isBrokenPipe(new Error("disk full")));
});

Deno.test("Output.flush() ends when the sink throws at once", async () => {
  const output = new Output({
    sink: {
      write(): never {
        throw new Error("broken");
      },
    },
  });
  output.line("a");
  await output.flush();
});
