import assert from "node:assert/strict";
import { Secret } from "../../../src/core/secret.ts";
import type { MappedEvent, MappingEvent, MappingFields } from "../../../src/core/mapping.ts";
import { type TunnelMemory, TunnelSinks } from "../../../src/daemon/tunnel_sinks.ts";
import { type Hook, HOOK_DEFAULTS } from "../../../src/hook/hook.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { TunnelPlan } from "../../../src/plan/tunnel_plan.ts";
import { KeeperWorld } from "../../fakes/keeper_world.ts";
import { planFor } from "../../fakes/tunnel_plan.ts";

const MAPPED: MappedEvent = {
  event: "mapped",
  name: "web",
  protocol: "tcp",
  at: new Date(0),
  internal: { address: "192.168.1.2", port: 3456 },
  external: { address: "203.0.113.10", port: 14_500 },
};

/** What sinks were told, over a restart. */
class Memory implements TunnelMemory {
  readonly told = new Map<string, MappingFields>();

  portOf(): undefined {
    return undefined;
  }

  toldOf(_plan: TunnelPlan, sink: string): MappingFields | undefined {
    return this.told.get(sink);
  }

  noteTold(_plan: TunnelPlan, sink: string, mapping: MappingFields | undefined): void {
    if (mapping === undefined) this.told.delete(sink);
    else this.told.set(sink, mapping);
  }

  keepSinks(_plan: TunnelPlan, sinks: ReadonlySet<string>): void {
    for (const sink of this.told.keys()) if (!sinks.has(sink)) this.told.delete(sink);
  }
}

/** A real program that says which hook it is. */
function hook(word: string): Hook {
  return { ...HOOK_DEFAULTS, run: ["/bin/echo", word], style: "natmap" };
}

function rig(memory?: TunnelMemory): {
  readonly open: (plan: TunnelPlan) => TunnelSinks;
  /** Waits until so many hooks have ended; what they said. */
  readonly said: (count: number) => Promise<readonly string[]>;
} {
  const events: MappingEvent[] = [];
  let wake = Promise.withResolvers<void>();
  const platform = { ...new KeeperWorld().platform, clock: systemClock };
  const emit = (event: MappingEvent): void => {
    events.push(event);
    wake.resolve();
    wake = Promise.withResolvers();
  };
  return {
    open: (plan) => new TunnelSinks(plan, { platform, emit, memory }),
    said: async (count) => {
      while (events.length < count) await wake.promise;
      return events.map((event) => event.event === "hook" ? event.output?.split(" ")[0] ?? "" : event.event);
    },
  };
}

Deno.test("TunnelSinks.replace() tells new hooks where the mapping is, and lets the same ones be", async () => {
  const { open, said } = rig();
  await using sinks = open(planFor({ hooks: [hook("one")] }));
  sinks.deliver(MAPPED);
  assert.deepEqual(await said(1), ["one"]);
  await sinks.replace(planFor({ hooks: [hook("one")], intervalMs: 1_000 }));
  await sinks.replace(planFor({ hooks: [hook("two")] }));
  assert.deepEqual(await said(2), ["one", "two"]);
});

Deno.test("TunnelSinks.replace() tells new hooks nothing while the mapping is lost", async () => {
  const { open, said } = rig();
  await using sinks = open(planFor({ hooks: [hook("one")] }));
  sinks.deliver(MAPPED);
  await said(1);
  sinks.deliver({ event: "lost", name: "web", protocol: "tcp", at: new Date(1), reason: "gone" });
  await sinks.replace(planFor({ hooks: [hook("two")] }));
  sinks.deliver({ ...MAPPED, event: "restored" });
  assert.deepEqual(await said(2), ["one", "two"]);
});

Deno.test("TunnelSinks runs no hook after a restart for what it was told before, but others", async () => {
  const memory = new Memory();
  const first = rig(memory);
  {
    await using sinks = first.open(planFor({ hooks: [hook("one")] }));
    sinks.deliver(MAPPED);
    await first.said(1);
  }
  const second = rig(memory);
  await using sinks = second.open(planFor({ hooks: [hook("one")] }));
  sinks.deliver(MAPPED);
  sinks.deliver({
    ...MAPPED,
    event: "changed",
    external: { address: "203.0.113.10", port: 9 },
    previous: MAPPED.external,
  });
  const said = await second.said(1);
  assert.deepEqual(said, ["one"]);
  const third = rig(memory);
  await using changed = third.open(planFor({ hooks: [hook("other")] }));
  changed.deliver(MAPPED);
  assert.deepEqual(await third.said(1), ["other"]);
});

Deno.test("TunnelSinks publishes to a place that was added, and not again to one that stayed", async () => {
  const { open, said } = rig();
  const bodies: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    bodies.push(`${new URL(request.url).pathname} ${request.headers.get("authorization")}`);
    await request.text();
    return new Response("ok");
  });
  try {
    const place = (path: string, token: string): TunnelPlan["publish"][number] => ({
      ...{ provider: "webhook", style: "json", domain: "", subDomain: "", srvPrefix: "" },
      url: new Secret(`http://127.0.0.1:${server.addr.port}/${path}`),
      token: new Secret(token),
    });
    await using sinks = open(planFor({ publish: [place("a", "one")] }));
    sinks.deliver(MAPPED);
    assert.deepEqual(await said(1), ["published"]);
    await sinks.replace(planFor({ publish: [place("a", "one"), place("b", "one")] }));
    assert.deepEqual(await said(2), ["published", "published"]);
    assert.deepEqual(bodies, ["/a Bearer one", "/b Bearer one"]);
  } finally {
    await server.shutdown();
  }
});

Deno.test("TunnelSinks.replace() tells a place again when it goes back to what was before", async () => {
  const memory = new Memory();
  const { open, said } = rig(memory);
  const methods: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    methods.push(request.method);
    await request.text();
    return new Response("ok");
  });
  try {
    const told = (method: string): TunnelPlan =>
      planFor({
        publish: [{
          ...{ provider: "webhook", style: "template", domain: "", subDomain: "", srvPrefix: "", method },
          url: new Secret(`http://127.0.0.1:${server.addr.port}/`),
        }],
      });
    await using sinks = open(told("POST"));
    sinks.deliver(MAPPED);
    await said(1);
    await sinks.replace(told("PUT"));
    await said(2);
    await sinks.replace(told("POST"));
    await said(3);
    assert.deepEqual(methods, ["POST", "PUT", "POST"]);
    assert.equal(memory.told.size, 1);
  } finally {
    await server.shutdown();
  }
});
