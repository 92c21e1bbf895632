import assert from "node:assert/strict";
import fc from "fast-check";
import type { Endpoint } from "../../../src/core/endpoint.ts";
import { CanaryMemory } from "../../../src/keeper/canary_memory.ts";

const at = (port: number, address = "203.0.113.10"): Endpoint => ({ address, port });

/** Asks the servers in turn; gives the numbers of the answers that were news. */
function songs(memory: CanaryMemory, answers: readonly (readonly [string, Endpoint])[]): number[] {
  return answers.flatMap(([server, reflexive], i) => memory.accept(server, reflexive) ? [i] : []);
}

const SERVERS = ["a", "b", "c", "d", "e"];
const round = (reflexive: Endpoint): (readonly [string, Endpoint])[] => SERVERS.map((s) => [s, reflexive]);

Deno.test("CanaryMemory.accept() is silent while every server says the same", () => {
  const memory = new CanaryMemory();
  assert.deepEqual(songs(memory, [...round(at(1)), ...round(at(1)), ...round(at(1))]), []);
  assert.ok(memory.isIndependent);
});

Deno.test("CanaryMemory.accept() tells a restart of a full cone once, at the first answer", () => {
  const memory = new CanaryMemory();
  assert.deepEqual(songs(memory, [...round(at(1)), ...round(at(1))]), []);
  assert.deepEqual(songs(memory, [...round(at(2)), ...round(at(2))]), [0]);
  assert.deepEqual(songs(memory, [...round(at(3)), ...round(at(3))]), [0]);
  assert.ok(memory.isIndependent);
});

Deno.test("CanaryMemory.accept() tells a restart by a server that was never asked before", () => {
  const memory = new CanaryMemory();
  assert.deepEqual(songs(memory, [["a", at(1)], ["b", at(1)], ["c", at(2)], ["a", at(2)], ["b", at(2)]]), [
    2,
  ]);
});

Deno.test("CanaryMemory.accept() tells another address with the same port", () => {
  const memory = new CanaryMemory();
  songs(memory, round(at(1)));
  assert.deepEqual(songs(memory, round(at(1, "198.51.100.7"))), [0]);
});

Deno.test("CanaryMemory.accept() tells a restart with a single server", () => {
  const memory = new CanaryMemory();
  assert.deepEqual(songs(memory, [["a", at(1)], ["a", at(1)], ["a", at(2)], ["a", at(2)]]), [2]);
});

Deno.test("CanaryMemory.accept() falls silent after three contradictions of a symmetric NAT", () => {
  for (const count of [2, 3, 5]) {
    const memory = new CanaryMemory();
    const servers = SERVERS.slice(0, count);
    const answers = Array.from({ length: 50 }, (_, i): readonly [string, Endpoint] => {
      const n = i % count;
      return [servers[n] ?? "a", at(100 + n)];
    });
    const sung = songs(memory, answers);
    assert.ok(sung.length <= 3, `${count} servers: ${sung}`);
    assert.ok(sung.every((i) => i <= 2 * count), `${count} servers: ${sung}`);
    assert.ok(!memory.isIndependent);
  }
});

Deno.test("CanaryMemory.accept() tells a restart of a symmetric NAT by each server's own answers", () => {
  const memory = new CanaryMemory();
  const round = (base: number): (readonly [string, Endpoint])[] => SERVERS.map((s, i) => [s, at(base + i)]);
  songs(memory, [...round(100), ...round(100), ...round(100)]);
  assert.deepEqual(songs(memory, round(100)), []);
  assert.equal(songs(memory, round(200))[0], 0);
  assert.deepEqual(songs(memory, [...round(200), ...round(200)]), []);
});

Deno.test("CanaryMemory.accept() gets used to one server that says something else than all others", () => {
  const memory = new CanaryMemory();
  const answers = (port: number): (readonly [string, Endpoint])[] =>
    SERVERS.map((s) => [s, at(s === "c" ? 99 : port)]);
  assert.ok(songs(memory, answers(1)).length <= 1);
  assert.deepEqual(songs(memory, [...answers(1), ...answers(1), ...answers(1)]), []);
  assert.deepEqual(songs(memory, [...answers(2), ...answers(2)])[0], 0);
  assert.deepEqual(songs(memory, [...answers(2), ...answers(2)]), []);
});

Deno.test("CanaryMemory.accept() comes to rest after one late answer from before a restart", () => {
  const memory = new CanaryMemory();
  songs(memory, [...round(at(1)), ...round(at(1))]);
  const sung = songs(memory, [["a", at(2)], ["b", at(1)], ["c", at(2)], ["d", at(2)], ["e", at(2)]]);
  assert.equal(sung[0], 0);
  assert.ok(memory.isIndependent, "one late answer is no symmetric NAT");
  assert.deepEqual(songs(memory, [["a", at(2)]]), []);
  // The server that was late has to be believed again, at the price of one song at most.
  assert.ok(songs(memory, [["b", at(2)], ["c", at(2)], ["d", at(2)], ["e", at(2)]]).length <= 1);
  assert.deepEqual(songs(memory, [...round(at(2)), ...round(at(2))]), []);
});

Deno.test("CanaryMemory.accept() never misses a change that one server sees for itself", () => {
  const answers = fc.array(fc.tuple(fc.constantFrom(...SERVERS), fc.integer({ min: 1, max: 3 })), {
    maxLength: 40,
  });
  fc.assert(fc.property(answers, (told) => {
    const memory = new CanaryMemory();
    let last: readonly [string, number] | undefined;
    for (const [server, port] of told) {
      const isNews = memory.accept(server, at(port));
      if (last?.[0] === server) assert.equal(isNews, last[1] !== port);
      last = [server, port];
    }
  }));
});
