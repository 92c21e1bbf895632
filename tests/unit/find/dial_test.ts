import assert from "node:assert/strict";
import { type Endpoint, formatEndpoint } from "../../../src/core/endpoint.ts";
import { encodePot } from "../../../src/core/pot.ts";
import { dial, DialError, type DialOptions } from "../../../src/find/dial.ts";
import { NotFoundError } from "../../../src/find/found.ts";
import { reach } from "../../../src/find/reach.ts";
import { parseService } from "../../../src/find/service.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { kernelError } from "../../fakes/fake_net.ts";
import { fakeRandom } from "../../fakes/fake_random.ts";
import { watch } from "../../fakes/fake_world.ts";
import { addressData, FakeDns, txtData } from "./find_rig.ts";

/** What an address does: accepts after so many ms, refuses, or swallows packets. */
type Behaviour = number | "refuses" | "silent";

class Rig {
  readonly clock = new FakeClock();
  readonly opened: string[] = [];
  readonly closed: string[] = [];
  readonly #behaviour: Readonly<Record<string, Behaviour>>;

  constructor(behaviour: Readonly<Record<string, Behaviour>>) {
    this.#behaviour = behaviour;
  }

  open = (endpoint: Endpoint, signal: AbortSignal): Promise<string> => {
    const key = formatEndpoint(endpoint);
    this.opened.push(`${this.clock.now()} ${key}`);
    const behaviour = this.#behaviour[key] ?? "silent";
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason);
      signal.addEventListener("abort", stop, { once: true });
      if (behaviour === "silent") return;
      this.clock.schedule(behaviour === "refuses" ? 10 : behaviour, () => {
        signal.removeEventListener("abort", stop);
        if (behaviour === "refuses") reject(kernelError("ECONNREFUSED", "connect"));
        else resolve(key);
      });
    });
  };

  options(more: Partial<DialOptions<string>> = {}): DialOptions<string> {
    return {
      open: this.open,
      close: (connection) => this.closed.push(connection),
      clock: this.clock,
      signal: new AbortController().signal,
      timeoutMs: 10_000,
      subject: "ssh at x.test",
      ...more,
    };
  }
}

function at(...ports: readonly number[]): readonly Endpoint[] {
  return ports.map((port) => ({ address: "192.0.2.1", port }));
}

Deno.test("dial() tries endpoints in order, each with a lead of 250 ms", async () => {
  const rig = new Rig({ "192.0.2.1:3": 20 });
  const dialed = watch(dial(at(1, 2, 3, 4), rig.options()));
  await rig.clock.advance(10_000);
  assert.deepEqual(dialed.value?.connection, "192.0.2.1:3");
  assert.deepEqual(rig.opened, ["0 192.0.2.1:1", "250 192.0.2.1:2", "500 192.0.2.1:3"]);
  assert.equal(rig.clock.pendingTimers, 0);
});

Deno.test("dial() goes on at once after a refusal", async () => {
  const rig = new Rig({ "192.0.2.1:1": "refuses", "192.0.2.1:2": 20 });
  const dialed = watch(dial(at(1, 2), rig.options()));
  await rig.clock.advance(100);
  assert.equal(dialed.value?.connection, "192.0.2.1:2");
  assert.deepEqual(rig.opened, ["0 192.0.2.1:1", "10 192.0.2.1:2"]);
});

Deno.test("dial() names every endpoint and its reason in one line", async () => {
  const rig = new Rig({ "192.0.2.1:1": "refuses" });
  const dialed = watch(dial(at(1, 2), rig.options()));
  await rig.clock.advance(11_000);
  assert.ok(dialed.error instanceof DialError);
  assert.equal(
    dialed.error.message,
    "Cannot connect to ssh at x.test: 192.0.2.1:1 refused; 192.0.2.1:2 gave no answer in time",
  );
  assert.equal(rig.clock.pendingTimers, 0);
});

Deno.test("dial() lets go of connections that come too late", async () => {
  const rig = new Rig({ "192.0.2.1:1": 300, "192.0.2.1:2": 50 });
  // The first one does not hear of the abort.
  const open = (endpoint: Endpoint): Promise<string> => rig.open(endpoint, new AbortController().signal);
  const dialed = watch(dial(at(1, 2), rig.options({ open })));
  await rig.clock.advance(1000);
  assert.equal(dialed.value?.connection, "192.0.2.1:1", "both at 300 ms, the first one first");
  assert.deepEqual(rig.closed, ["192.0.2.1:2"]);
});

Deno.test("dial() looks again when all have failed, and tries only what is new", async () => {
  const rig = new Rig({ "192.0.2.1:1": "refuses", "192.0.2.1:9": 20 });
  const dialed = watch(dial(at(1), rig.options({ refresh: () => Promise.resolve(at(1, 9)) })));
  await rig.clock.advance(100);
  assert.equal(dialed.value?.connection, "192.0.2.1:9");
  assert.deepEqual(rig.opened, ["0 192.0.2.1:1", "10 192.0.2.1:9"]);
});

Deno.test("dial() looks again while an endpoint is silent, without giving it up", async () => {
  const rig = new Rig({ "192.0.2.1:9": 20 });
  const dialed = watch(dial(at(1), rig.options({ refresh: () => Promise.resolve(at(9)) })));
  await rig.clock.advance(999);
  assert.equal(rig.opened.length, 1);
  await rig.clock.advance(100);
  assert.equal(dialed.value?.connection, "192.0.2.1:9");
  const slow = new Rig({ "192.0.2.1:1": 5000 });
  const patient = watch(dial(at(1), slow.options({ refresh: () => Promise.resolve(at(9)) })));
  await slow.clock.advance(6000);
  assert.equal(patient.value?.connection, "192.0.2.1:1");
});

Deno.test("dial() looks again once only after refusals, and a failing look-up changes nothing", async () => {
  let asked = 0;
  for (const answer of [() => Promise.resolve(at(1)), () => Promise.reject(new Error("DNS is down"))]) {
    const rig = new Rig({ "192.0.2.1:1": "refuses" });
    asked = 0;
    const dialed = watch(dial(
      at(1),
      rig.options({
        refresh: () => {
          asked++;
          return answer();
        },
      }),
    ));
    await rig.clock.advance(20_000);
    assert.match(String(dialed.error), /192\.0\.2\.1:1 refused$/);
    assert.deepEqual([asked, rig.opened.length], [1, 1]);
  }
});

Deno.test("dial() looks again and again while an endpoint is silent: records follow a moment later", async () => {
  const rig = new Rig({ "192.0.2.1:9": 20 });
  const looks: number[] = [];
  const dialed = watch(dial(
    at(1),
    rig.options({
      refresh: () => {
        looks.push(rig.clock.now());
        return Promise.resolve(rig.clock.now() < 5000 ? at(1) : at(9));
      },
    }),
  ));
  await rig.clock.advance(9000);
  assert.deepEqual([looks, dialed.value?.connection], [[1000, 3000, 7000], "192.0.2.1:9"]);
  assert.equal(rig.clock.pendingTimers, 0);
});

Deno.test("dial() throws the signal's reason unchanged and ends what is under way", async () => {
  const rig = new Rig({});
  const controller = new AbortController();
  const dialed = watch(dial(at(1, 2), rig.options({ signal: controller.signal })));
  await rig.clock.advance(300);
  const reason = new Error("enough");
  controller.abort(reason);
  await rig.clock.advance(0);
  assert.equal(dialed.error, reason);
  assert.equal(rig.clock.pendingTimers, 0);
});

function reachWith(rig: Rig, dns: FakeDns): ReturnType<typeof watch<{ endpoint: Endpoint }>> {
  const question = {
    name: "x.test",
    service: parseService("ssh"),
    via: "auto",
    port: undefined,
    families: [4],
  } as const;
  return watch(reach(question, {
    ...rig.options(),
    find: { dns, platform: { clock: rig.clock, random: fakeRandom() } },
  }));
}

function potTable(port: number): FakeDns["table"] {
  return {
    "TXT x.test": [txtData(encodePot([{ key: "ssh_tcp", port }]))],
    "A x.test": [addressData("192.0.2.1")],
  };
}

Deno.test("reach() connects to the new endpoint when the cached one is stale", async () => {
  for (const stale of ["refuses", "silent"] as const) {
    const rig = new Rig({ "192.0.2.1:1": stale, "192.0.2.1:2": 20 });
    const dns = new FakeDns(potTable(1));
    dns.freshTable = potTable(2);
    const reached = reachWith(rig, dns);
    await rig.clock.advance(3000);
    assert.deepEqual(reached.value?.endpoint, { address: "192.0.2.1", port: 2 }, stale);
  }
});

Deno.test("reach() tells why when the answer stays the same, and when there is none", async () => {
  const rig = new Rig({ "192.0.2.1:1": "refuses" });
  const reached = reachWith(rig, new FakeDns(potTable(1)));
  await rig.clock.advance(3000);
  assert.match(String(reached.error), /Cannot connect to ssh at x\.test: 192\.0\.2\.1:1 refused$/);
  assert.equal(rig.opened.length, 1);
  const nowhere = reachWith(rig, new FakeDns({}));
  await rig.clock.advance(3000);
  assert.ok(nowhere.error instanceof NotFoundError);
});
