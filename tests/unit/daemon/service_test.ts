import assert from "node:assert/strict";
import type { MappingEvent } from "../../../src/core/mapping.ts";
import { Secret } from "../../../src/core/secret.ts";
import { openService, type Service, type ServiceOptions } from "../../../src/daemon/service.ts";
import type { ServicePlan } from "../../../src/plan/service_plan.ts";
import type { TunnelPlan } from "../../../src/plan/tunnel_plan.ts";
import { KeeperWorld } from "../../fakes/keeper_world.ts";
import { refuseBind } from "../../fakes/kept_mapping.ts";
import { planFor } from "../../fakes/tunnel_plan.ts";

interface Rig {
  readonly world: KeeperWorld;
  readonly plan: (name: string, port: number) => TunnelPlan;
  readonly open: (plan: Partial<ServicePlan>, options?: Partial<ServiceOptions>) => Promise<Service>;
  readonly faults: string[];
  readonly close: (service: Service) => Promise<void>;
}

async function openRig(): Promise<Rig> {
  const world = new KeeperWorld();
  const { spec } = await world.addStun("198.51.100.1");
  const host = await world.addHost("198.51.100.81");
  const faults: string[] = [];
  return {
    world,
    faults,
    plan: (name, port) =>
      planFor({
        ...{ name, stunServers: [spec], canaryServers: [spec], keepAliveHosts: [host.spec] },
        port: { kind: "fixed", port },
      }),
    open: (plan, options) =>
      openService({ tunnels: [], status: {}, ...plan }, {
        platform: world.platform,
        emit: () => {},
        onFault: (name) => faults.push(name),
        lang: "en",
        version: "1.2.3",
        ...options,
      }),
    close: async (service) => {
      const closing = service[Symbol.asyncDispose]();
      await world.clock.advance(1_000);
      await closing;
      // What was on its way when the file was written last.
      await world.clock.advance(1_000);
      assert.equal(world.clock.pendingTimers, 0, "a timer was left");
      assert.equal(world.openSockets, 0, "a socket was left");
    },
  };
}

/** What each tunnel shows. */
function states({ control }: Service): readonly string[] {
  return control.snapshot().tunnels.map(({ name, state }) => `${name} ${state}`);
}

Deno.test("openService() shows every tunnel from its start on, in the order of the plan", async () => {
  const { world, plan, open, close } = await openRig();
  const events: MappingEvent[] = [];
  const service = await open({ tunnels: [plan("b", 1001), plan("a", 1002)] }, {
    emit: (event) => events.push(event),
  });
  assert.deepEqual(states(service), ["b opening", "a opening"]);
  await world.clock.advance(10_000);
  assert.deepEqual(states(service), ["b mapped", "a mapped"]);
  await service.apply({ tunnels: [plan("a", 1002)], status: {} });
  assert.deepEqual(states(service), ["a mapped"]);
  await close(service);
  assert.deepEqual(
    events.filter(({ event }) => event !== "checked").map(({ name, event }) => `${name} ${event}`),
    ["b mapped", "a mapped", "b stopped", "a stopped"],
  );
});

Deno.test("Service.control.verify() resolves with a fresh confirmation, and knows no other tunnels", async () => {
  const { world, plan, open, close } = await openRig();
  const service = await open({ tunnels: [plan("a", 1001)] });
  await world.clock.advance(10_000);
  const before = service.control.snapshot().tunnels[0]?.confirmedAt ?? "";
  const { signal } = new AbortController();
  const verifying = service.control.verify("a", signal);
  await world.clock.advance(1_000);
  assert.ok(((await verifying).tunnels[0]?.confirmedAt ?? "") > before);
  await assert.rejects(service.control.verify("x", signal), RangeError);
  await assert.rejects(service.control.verify("a", AbortSignal.abort(new Error("enough"))), /enough/);
  await close(service);
});

Deno.test("openService() tells each fault of a tunnel once, and shows it until it is over", async () => {
  const { world, plan, open, close, faults } = await openRig();
  const refused = refuseBind(world, "EACCES", ({ port }) => port === 80);
  const service = await open({ tunnels: [plan("low", 80)] });
  await world.clock.advance(60_000);
  assert.deepEqual(faults, ["low"]);
  const [shown] = service.control.snapshot().tunnels;
  assert.equal(shown?.state, "failed");
  assert.match(shown?.reason ?? "", /EACCES/);
  refused[Symbol.dispose]();
  await world.clock.advance(90_000);
  assert.deepEqual(states(service), ["low mapped"]);
  await close(service);
});

Deno.test("openService() serves the page, token and all, to sockets of the service manager", async () => {
  const { open, close } = await openRig();
  const folder = await Deno.makeTempDir();
  try {
    let path = "";
    let closed = 0;
    const listener = {
      name: "status",
      serve: (to: string) => {
        path = to;
        return Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve(void closed++) });
      },
      [Symbol.dispose]: () => {},
    };
    const status = { socket: `${folder}/socket`, token: new Secret("word") };
    const service = await open({ status }, { inherited: [listener] });
    assert.match(await answerOf(path, ""), /^HTTP\/1\.1 401 /);
    assert.match(await answerOf(path, "Authorization: Bearer word\r\n"), /^HTTP\/1\.1 200 /);
    assert.match(await answerOf(status.socket, ""), /^HTTP\/1\.1 200 /);
    await close(service);
    assert.equal(closed, 1);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (
  const [format, expected] of [["natter", /203\.0\.113\.10:\d+/], ["porthole", /"state": "opening"/]] as const
) {
  Deno.test(`Service leaves a status file in ${format} format as its readers expect it`, async () => {
    const { world, plan, open, close } = await openRig();
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/status.json`;
      const service = await open({ tunnels: [plan("a", 1001)], status: { file: { path, format } } });
      await world.clock.advance(10_000);
      await close(service);
      assert.match(await Deno.readTextFile(path), expected);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** What a Unix socket answers to `GET /status`. */
async function answerOf(path: string, header: string): Promise<string> {
  using connection = await Deno.connect({ transport: "unix", path });
  const request = `GET /status HTTP/1.1\r\nHost: localhost\r\n${header}Connection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  return await new Response(connection.readable).text();
}
