import assert from "node:assert/strict";
import { Feed } from "../../../src/core/feed.ts";

function noFault(error: unknown): void {
  throw error;
}

Deno.test("Feed.emit() hands every event to every reader, in order", () => {
  const feed = new Feed<number>(noFault);
  const seen: string[] = [];
  using _a = feed.subscribe((event) => seen.push(`a${event}`));
  using _b = feed.subscribe((event) => seen.push(`b${event}`));
  feed.emit(1);
  feed.emit(2);
  assert.deepEqual(seen, ["a1", "b1", "a2", "b2"]);
});

Deno.test("Feed.emit() goes on when a reader throws, and reports what it threw", () => {
  const faults: unknown[] = [];
  const feed = new Feed<number>((error) => faults.push(error));
  const seen: number[] = [];
  const fault = new Error("reader");
  using _bad = feed.subscribe(() => {
    throw fault;
  });
  using _good = feed.subscribe((event) => seen.push(event));
  feed.emit(1);
  feed.emit(2);
  assert.deepEqual(seen, [1, 2]);
  assert.deepEqual(faults, [fault, fault]);
});

Deno.test("Feed.subscribe() ends with its disposal", () => {
  const feed = new Feed<number>(noFault);
  const seen: number[] = [];
  const subscription = feed.subscribe((event) => seen.push(event));
  feed.emit(1);
  subscription[Symbol.dispose]();
  subscription[Symbol.dispose]();
  feed.emit(2);
  assert.deepEqual(seen, [1]);
});

Deno.test("Feed.emit() survives a reader that leaves during an event", () => {
  const feed = new Feed<number>(noFault);
  const seen: string[] = [];
  const once = feed.subscribe((event) => {
    seen.push(`once${event}`);
    once[Symbol.dispose]();
  });
  using _other = feed.subscribe((event) => seen.push(`other${event}`));
  feed.emit(1);
  feed.emit(2);
  assert.deepEqual(seen, ["once1", "other1", "other2"]);
});

Deno.test("Feed.emit() keeps the order for every reader when one of them emits", () => {
  const feed = new Feed<number>(noFault);
  const seen: number[] = [];
  using _answering = feed.subscribe((event) => {
    if (event === 1) feed.emit(2);
  });
  using _late = feed.subscribe((event) => seen.push(event));
  feed.emit(1);
  assert.deepEqual(seen, [1, 2]);
});
