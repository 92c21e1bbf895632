import assert from "node:assert/strict";
import {
  createFrontDoor,
  type Destination,
  destinationOf,
  targetAfter,
} from "../../../src/status/front_door.ts";
import type { TunnelSnapshot } from "../../../src/status/service_snapshot.ts";
import { tunnel } from "./status_rig.ts";

const web = tunnel({ name: "web", external: "203.0.113.10:14500" });

function go(
  tunnels: readonly TunnelSnapshot[],
  options: Partial<Parameters<typeof destinationOf>[1]>,
): string {
  const found = destinationOf(tunnels, { name: "web", target: "/", ...options });
  return found.kind === "url" ? found.url : found.kind;
}

Deno.test("destinationOf() leads to the external endpoint, path and query kept", () => {
  const table: readonly (readonly [string, Partial<Parameters<typeof destinationOf>[1]>, TunnelSnapshot?])[] =
    [
      ["http://203.0.113.10:14500/", {}],
      ["http://203.0.113.10:14500/a%20b/?c=d&e", { target: "/a%20b/?c=d&e" }],
      ["http://203.0.113.10:14500//evil.example/", { target: "//evil.example/" }],
      ["http://203.0.113.10:14500/?x", { target: "?x" }],
      ["https://203.0.113.10:14500/", { scheme: "https" }],
      ["https://direct.example.com:14500/x", { scheme: "https", host: "direct.example.com", target: "/x" }],
      ["http://[2001:db8::1]:443/", {}, tunnel({ name: "web", external: "[2001:db8::1]:443" })],
      ["http://203.0.113.10:14500/", { name: undefined }],
      ["unknown", { name: "ssh" }],
      ["unknown", {}, tunnel({ name: "web", protocol: "udp" })],
      ["closed", {}, tunnel({ name: "web", state: "lost" })],
      ["closed", {}, tunnel({ name: "web", state: "opening" })],
    ];
  for (const [expected, options, one = web] of table) {
    assert.equal(go([one], options), expected, JSON.stringify(options));
  }
  assert.equal(go([web, tunnel({ name: "b" })], { name: undefined }), "unknown");
  assert.equal(go([], {}), "unknown");
});

Deno.test("targetAfter() takes path and query after a prefix", () => {
  assert.equal(targetAfter("http://h/go/web/a/b?c=d#e", "/go/web"), "/a/b?c=d");
  assert.equal(targetAfter("http://h/go/web", "/go/web"), "");
  // A client may say anything of its host.
  for (const host of ["a b", "", "[", "h:99999"]) assert.equal(targetAfter(`http://${host}/a?b`, ""), "/a?b");
});

Deno.test("createFrontDoor() answers every method, and nothing of it is stored", async () => {
  const told: Destination[] = [];
  let tunnels: readonly TunnelSnapshot[] | undefined = [web];
  const app = createFrontDoor({
    ...{ name: "web", status: 307 },
    tunnels: () => Promise.resolve(tunnels),
    onAnswer: (_path, destination) => void told.push(destination),
  });
  for (const method of ["GET", "HEAD", "POST", "PUT"]) {
    const response = await app.request("http://h/x?y=1", { method });
    assert.equal(response.status, 307);
    assert.equal(response.headers.get("location"), "http://203.0.113.10:14500/x?y=1");
    assert.equal(response.headers.get("cache-control"), "no-store");
  }
  tunnels = undefined;
  const closed = await app.request("http://h/");
  assert.deepEqual([closed.status, closed.headers.get("location")], [503, null]);
  assert.equal(closed.headers.get("retry-after"), "5");
  tunnels = [];
  assert.equal((await app.request("http://h/")).status, 404);
  assert.deepEqual(told.map(({ kind }) => kind), ["url", "url", "url", "url", "closed", "unknown"]);
});
