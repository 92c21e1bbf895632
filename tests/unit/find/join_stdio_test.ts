import assert from "node:assert/strict";
import { watch } from "../../fakes/fake_world.ts";
import { type ByteStream, joinStdio, StreamLostError } from "../../../src/find/join_stdio.ts";
import { FakeClock, settle } from "../../fakes/fake_clock.ts";

const NEVER = new AbortController().signal;
const ENDPOINT = { address: "192.0.2.1", port: 22 };

/** A pipe of limited size in memory: read waits for bytes, write for room. */
class FakePipe {
  readonly #parts: Uint8Array[] = [];
  readonly #roomBytes: number;
  #heldBytes = 0;
  #hasEnded = false;
  #error: Error | undefined;
  #wake = Promise.withResolvers<void>();
  /** Most that was held at once. */
  mostBytes = 0;
  /** Everything written so far. */
  total = 0;

  constructor(roomBytes = 65_536) {
    this.#roomBytes = roomBytes;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      const part = this.#parts.shift();
      if (part !== undefined) {
        const count = Math.min(part.length, buffer.length);
        buffer.set(part.subarray(0, count));
        if (count < part.length) this.#parts.unshift(part.subarray(count));
        this.#heldBytes -= count;
        this.#rouse();
        return count;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#hasEnded) return null;
      await this.#wake.promise;
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    while (this.#heldBytes >= this.#roomBytes && this.#error === undefined) await this.#wake.promise;
    if (this.#error !== undefined) throw this.#error;
    const count = Math.min(bytes.length, this.#roomBytes - this.#heldBytes);
    this.#parts.push(bytes.slice(0, count));
    this.#heldBytes += count;
    this.total += count;
    this.mostBytes = Math.max(this.mostBytes, this.#heldBytes);
    this.#rouse();
    return count;
  }

  /** What is in it can still be read. */
  end(error?: Error): void {
    this.#hasEnded = true;
    this.#error = error;
    this.#rouse();
  }

  close(): void {
    this.end();
  }

  #rouse(): void {
    const wake = this.#wake;
    this.#wake = Promise.withResolvers();
    wake.resolve();
  }
}

class Rig {
  readonly stdin = new FakePipe();
  readonly stdout = new FakePipe();
  /** What the peer gets. */
  readonly up = new FakePipe();
  /** What the peer sends. */
  readonly down = new FakePipe();
  readonly clock = new FakeClock();
  isClosed = false;
  /** Whether the reader of stdout can be told of its end. */
  canEnd = true;

  readonly stream: ByteStream = {
    read: (buffer) => this.down.read(buffer),
    write: (bytes) => this.up.write(bytes),
    closeWrite: () => Promise.resolve(this.up.end()),
    close: () => {
      this.isClosed = true;
      this.down.end(new Deno.errors.Interrupted("closed"));
    },
  };

  join(signal = NEVER): Promise<"done" | "unread"> {
    const { stdin, stdout, stream, clock } = this;
    const endStdout = (): boolean => {
      if (this.canEnd) this.stdout.end();
      return this.canEnd;
    };
    return joinStdio({ stdin, stdout, endStdout, stream, clock, endpoint: ENDPOINT, signal });
  }
}

async function textOf(pipe: FakePipe): Promise<string> {
  const buffer = new Uint8Array(1000);
  let text = "";
  for (let count = await pipe.read(buffer); count !== null; count = await pipe.read(buffer)) {
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return text;
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("joinStdio() sends what the peer asks for after our end, and the other way round", async () => {
  for (const first of ["stdin", "down"] as const) {
    const rig = new Rig();
    const joined = rig.join();
    const second = first === "stdin" ? "down" : "stdin";
    await rig[first].write(bytes("early"));
    rig[first].end();
    assert.equal(await textOf(first === "stdin" ? rig.up : rig.stdout), "early");
    await settle();
    assert.ok(!rig.isClosed, "the other side lives on");
    await rig[second].write(bytes("late"));
    rig[second].end();
    assert.equal(await textOf(second === "stdin" ? rig.up : rig.stdout), "late");
    assert.equal(await joined, "done");
    assert.ok(rig.isClosed);
  }
});

Deno.test("joinStdio() holds a sender back and keeps little in memory", async () => {
  const rig = new Rig();
  const joined = rig.join();
  const part = new Uint8Array(65_536);
  for (let n = 0; n < 40; n++) {
    rig.down.write(part).catch(() => {}); // it waits until the end of the test
    await settle();
  }
  assert.equal(rig.stdout.total, 65_536, "nobody reads stdout");
  const takenBytes = rig.down.total - rig.down.mostBytes;
  assert.ok(takenBytes <= 262_144 + 131_072, `${takenBytes} bytes were taken`);
  rig.down.end(new Deno.errors.ConnectionReset("reset"));
  rig.stdout.end(new Deno.errors.BrokenPipe("gone"));
  assert.equal(await joined, "unread");
});

Deno.test("joinStdio() delivers what came before a reset, then tells of it", async () => {
  const rig = new Rig();
  const joined = rig.join();
  await rig.down.write(bytes("last words"));
  rig.down.end(Object.assign(new Deno.errors.ConnectionReset("x"), { code: "ECONNRESET" }));
  await assert.rejects(joined, (error) => {
    assert.ok(error instanceof StreamLostError);
    assert.equal(error.message, "Cannot keep the connection to 192.0.2.1:22: it was reset");
    return true;
  });
  rig.stdout.end();
  assert.equal(await textOf(rig.stdout), "last words");
});

Deno.test("joinStdio() reads the peer's answer to its end when the peer takes no more", async () => {
  const rig = new Rig();
  const joined = rig.join();
  rig.up.end(Object.assign(new Deno.errors.BrokenPipe("x"), { code: "EPIPE" }));
  await rig.stdin.write(bytes("more"));
  await settle();
  await rig.down.write(bytes("413 too large"));
  rig.down.end();
  await assert.rejects(joined, StreamLostError);
  assert.equal(await textOf(rig.stdout), "413 too large");
});

Deno.test("joinStdio() ends when nobody reads stdout, or stdin cannot be read", async () => {
  const unread = new Rig();
  const joined = unread.join();
  unread.stdout.end(new Deno.errors.BrokenPipe("gone"));
  await unread.down.write(bytes("x"));
  assert.equal(await joined, "unread");
  assert.ok(unread.isClosed);
  const broken = new Rig();
  const reason = new Error("Input/output error");
  const failed = broken.join();
  broken.stdin.end(reason);
  await assert.rejects(failed, reason);
  assert.ok(broken.isClosed);
});

Deno.test("joinStdio() ends by itself when the peer's end cannot be told otherwise", async () => {
  const rig = new Rig();
  rig.canEnd = false;
  const joined = watch(rig.join());
  rig.down.end();
  for (let n = 0; n < 3; n++) {
    await rig.stdin.write(bytes("x"));
    await rig.clock.advance(900);
  }
  assert.ok(!joined.isSettled, "stdin still has something to say");
  assert.equal(rig.up.total, 3);
  await rig.clock.advance(2000);
  assert.equal(joined.value, "done");
  assert.equal(rig.clock.pendingTimers, 0);
});

Deno.test("joinStdio() throws the signal's reason unchanged and closes the connection", async () => {
  const rig = new Rig();
  const controller = new AbortController();
  const joined = rig.join(controller.signal);
  await settle();
  const reason = new DOMException("Ended by SIGTERM", "AbortError");
  controller.abort(reason);
  await assert.rejects(joined, (error) => error === reason);
  assert.ok(rig.isClosed);
});
