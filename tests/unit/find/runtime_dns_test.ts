import assert from "node:assert/strict";
import { DnsError } from "../../../src/find/dns/dns_error.ts";
import { openDns } from "../../../src/find/dns/open_dns.ts";
import { parseResolvConf } from "../../../src/find/dns/resolv_conf.ts";
import { type ResolveDns, RuntimeDns } from "../../../src/find/dns/runtime_dns.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";
import { openFakeWorld, watch } from "../../fakes/fake_world.ts";

const NEVER = new AbortController().signal;

/** `Deno.resolveDns` from a function. */
function resolverOf(
  resolve: (name: string, type: string, signal: AbortSignal | undefined) => Promise<unknown>,
): ResolveDns {
  return ((name: string, type: string, { signal }: Deno.ResolveDnsOptions) =>
    resolve(name, type, signal)) as ResolveDns;
}

Deno.test("RuntimeDns.ask() turns the runtime's records into ours, without a TTL", async () => {
  const known: Readonly<Record<string, unknown>> = {
    A: ["192.0.2.1"],
    AAAA: ["2001:DB8::1"],
    TXT: [["one", "two"]],
    SRV: [{ priority: 1, weight: 2, port: 22, target: "Host.Test." }, {
      priority: 0,
      weight: 0,
      port: 0,
      target: ".",
    }],
  };
  const asked: string[] = [];
  const dns = new RuntimeDns({
    platform: { clock: new FakeClock() },
    resolveDns: resolverOf((name, type) => {
      asked.push(name);
      return Promise.resolve(known[type]);
    }),
  });
  const records = await Promise.all(
    (["A", "AAAA", "TXT", "SRV"] as const).map((type) => dns.ask("x.test", type, NEVER)),
  );
  assert.deepEqual(records.flatMap((answer) => answer.records), [
    { type: "A", address: "192.0.2.1" },
    { type: "AAAA", address: "2001:db8::1" },
    { type: "TXT", strings: ["one", "two"] },
    { type: "SRV", priority: 1, weight: 2, port: 22, target: "host.test" },
    { type: "SRV", priority: 0, weight: 0, port: 0, target: "." },
  ]);
  assert.deepEqual(new Set(records.map(({ ttlSeconds }) => ttlSeconds)), new Set([undefined]));
  assert.deepEqual(new Set(asked), new Set(["x.test."]), "no search domains");
});

Deno.test("RuntimeDns.ask() takes NotFound for nothing, and tells other faults", async () => {
  const clock = new FakeClock();
  const failing = (error: Error): RuntimeDns =>
    new RuntimeDns({ platform: { clock }, resolveDns: resolverOf(() => Promise.reject(error)) });
  assert.deepEqual(
    (await failing(new Deno.errors.NotFound("no records")).ask("x.test", "TXT", NEVER)).records,
    [],
  );
  const cases = [[new Deno.errors.TimedOut("slow"), "timeout"], [
    new Error("io error"),
    "unreachable",
  ]] as const;
  for (const [error, failure] of cases) {
    const thrown = await failing(error).ask("x.test", "TXT", NEVER).catch((one: unknown) => one);
    assert.equal(thrown instanceof DnsError && thrown.failure, failure);
  }
  const refused = await failing(new Error("never asked")).ask("x.test", "HTTPS", NEVER).catch((
    one: unknown,
  ) => one);
  assert.equal(refused instanceof DnsError && refused.failure, "unsupported");
});

Deno.test("RuntimeDns.ask() does not wait for ever", async () => {
  const clock = new FakeClock();
  const resolveDns = resolverOf((_name, _type, signal) =>
    new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)))
  );
  const asked = watch(new RuntimeDns({ platform: { clock }, resolveDns }).ask("x.test", "A", NEVER));
  await clock.advance(6000);
  assert.equal(asked.error instanceof DnsError && asked.error.failure, "timeout");
});

Deno.test("parseResolvConf() reads up to three servers and passes over the rest", () => {
  const text =
    "# comment\nsearch home\nnameserver 192.0.2.1\n nameserver\t2001:DB8::1 # two\nnameserver nonsense\n" +
    "nameserver fe80::1%eth0\nnameserver 192.0.2.4\noptions ndots:1\n";
  assert.deepEqual(parseResolvConf(text), [
    { address: "192.0.2.1", port: 53 },
    { address: "2001:db8::1", port: 53 },
    { address: "fe80::1%eth0", port: 53 },
  ]);
  assert.deepEqual(parseResolvConf(""), []);
});

Deno.test("openDns() asks the system's servers, and the runtime where none is known", async () => {
  const { platform, clock, net } = openFakeWorld();
  const asked: string[] = [];
  const resolveDns = resolverOf((name) => {
    asked.push(name);
    return Promise.resolve([]);
  });
  await openDns({ platform, readResolvConf: () => undefined, resolveDns }).ask("x.test", "A", NEVER);
  assert.deepEqual(asked, ["x.test."]);
  const dns = openDns({ platform, readResolvConf: () => "nameserver 192.0.2.7\n", resolveDns });
  const wired = watch(dns.ask("x.test", "A", NEVER));
  await clock.advance(6000);
  assert.ok(wired.error instanceof DnsError);
  assert.deepEqual(net.sent[0]?.to, { address: "192.0.2.7", port: 53 });
  assert.equal(asked.length, 1);
});
