import assert from "node:assert/strict";
import type { PublishConfig } from "../../../../src/config/config.ts";
import { formatFault } from "../../../../src/config/config_fault.ts";
import { parseConfig } from "../../../../src/config/parse_config.ts";
import { Secret } from "../../../../src/core/secret.ts";
import { planService } from "../../../../src/plan/plan_service.ts";
import type { PublisherOptions } from "../../../../src/publish/options.ts";

const defaults = {
  stunTcp: [{ host: "tcp.stun", port: 3478 }],
  stunUdp: [{ host: "udp.stun", port: 3478 }],
  keepAliveHosts: [{ host: "http", port: 80 }],
};
const options = { defaults, baseDirectory: "/etc/p", secretOf: (text: string): Secret => new Secret(text) };

/** Parsed as a file is, then planned. */
function planning(entries: readonly unknown[]): ReturnType<typeof planService> {
  const parsed = parseConfig(`{"tunnels": [{"publish": ${JSON.stringify(entries)}}]}`);
  assert.ok(parsed.kind === "config", JSON.stringify(parsed));
  return planService(parsed.config, { ...options, placeOf: parsed.source.placeOf });
}

/** With secrets as `secret(…)`, so that they can be compared. */
function planned(entry: unknown): unknown {
  const result = planning([entry]);
  assert.ok(result.kind === "plan", JSON.stringify(result));
  const [publisher] = result.plan.tunnels[0]?.publish ?? [];
  return shownSecrets(publisher);
}

function shownSecrets(value: unknown): unknown {
  if (value instanceof Secret) return `secret(${value.reveal()})`;
  if (Array.isArray(value)) return value.map(shownSecrets);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shownSecrets(inner)]));
}

/** What the planner refuses, without its places. */
function refusals(entry: unknown): readonly string[] {
  const result = planning([entry]);
  return result.kind === "plan"
    ? []
    : result.faults.map((fault) =>
      formatFault(fault).replace(/^\d+:\d+: tunnels\[0\]\.publish\[0\](\.|: )?/, "")
    );
}

/** What the schema refuses. */
function faults(entry: unknown): readonly string[] {
  const parsed = parseConfig(`{"tunnels": [{"publish": [${JSON.stringify(entry)}]}]}`);
  return parsed.kind === "config"
    ? []
    : parsed.faults.map((fault) =>
      formatFault(fault).replace(/^\d+:\d+: tunnels\[0\]\.publish\[0\](\.|: )?/, "")
    );
}

const HOOK = { provider: "webhook", url: "https://h.example/" };

Deno.test("planSink() plans webhooks; a body, a method or its type make a template", () => {
  const nat1 = { domain: "", subDomain: "", srvPrefix: "_tcp." };
  assert.deepEqual(planned({ ...HOOK, headers: { "X-Key": "k" }, expect: "ok" }), {
    provider: "webhook",
    url: "secret(https://h.example/)",
    token: undefined,
    style: "json",
    ...nat1,
    headers: { "X-Key": "secret(k)" },
    expect: "ok",
  });
  const whole = {
    ...HOOK,
    url: "https://h.example/{name}?p={port}",
    method: "PUT",
    body: '{"port":{port}}',
    bodyType: "json",
  };
  assert.deepEqual(planned(whole), {
    ...{ provider: "webhook", url: `secret(${whole.url})`, token: undefined, style: "template", ...nat1 },
    ...{ method: "PUT", body: 'secret({"port":{port}})', bodyType: "json" },
  });
  for (const more of [{ method: "GET" }, { body: "{}" }, { bodyType: "text" }]) {
    const publisher = planned({ ...HOOK, ...more }) as PublisherOptions;
    assert.ok(publisher.provider === "webhook" && publisher.style === "template");
  }
});

Deno.test("planSink() refuses webhooks that contradict themselves, without showing their secrets", () => {
  const unknown =
    "holds an unknown placeholder; known: event, name, protocol, external, address, port, ip4p, internal, internal_address, internal_port, target, previous, time; a brace itself is written {{";
  const cases: readonly (readonly [Record<string, unknown>, readonly string[]])[] = [
    [{ method: "GET", body: "{}" }, ["body: a GET has no body; put it into the URL, or use POST"]],
    [{ style: "json", body: "{}", method: "PUT" }, [
      "body: style json has its own; use style template, or leave it out",
      "method: style json has its own; use style template, or leave it out",
    ]],
    [{ body: "port={port}&k=hunter2" }, [
      "body: is no JSON once it is filled in; mend it, or set bodyType to form or text",
    ]],
    [{ body: "{hunter2}", bodyType: "text" }, [`body: ${unknown}`]],
    [{ url: "https://h.example/{hunter2}", method: "GET" }, [`url: ${unknown}`]],
    [{ url: "h.example/{port}", method: "GET" }, [
      "url: expected an address that starts with http:// or https://",
    ]],
    [{ headers: { "a b": "hunter2" } }, ['headers["a b"]: expected the name of a header']],
    [{ headers: { Host: "hunter2" } }, ["headers.Host: porthole sets this header itself"]],
    [{ headers: { "X-A": "1", "x-a": "2" } }, ['headers["x-a"]: this header is there twice']],
    [{ headers: { Authorization: "hunter2" }, token: "t" }, [
      "headers.Authorization: token is sent in this header; use one of them",
    ]],
    [{ headers: { "X-A": "{hunter2}" }, method: "GET" }, [`headers["X-A"]: ${unknown}`]],
  ];
  for (const [more, expected] of cases) assert.deepEqual(refusals({ ...HOOK, ...more }), expected);
  assert.deepEqual(refusals({ ...HOOK, headers: { "X-A": "{hunter2}" } }), [], "no template");
  assert.deepEqual(faults({ ...HOOK, headers: { toString: "x" } }), [
    'headers.toString: unknown key "toString"',
  ]);
  assert.deepEqual(faults({ ...HOOK, headers: { a: 1 } }), ["headers.a: expected a text, not a number"]);
});

Deno.test("planSink() reads the secrets of headers", () => {
  const parsed = parseConfig(
    `{"tunnels": [{"publish": [{"provider": "webhook", "url": "u", "headers": {"X-A": "env:KEY"}}]}]}`,
  );
  assert.ok(parsed.kind === "config");
  assert.deepEqual(parsed.source.secrets.map(({ path, text }) => [path.at(-1), text]), [
    ["url", "u"],
    ["X-A", "env:KEY"],
  ]);
});

Deno.test("planSink() plans dyndns2", () => {
  const entry = {
    provider: "dyndns2",
    url: "https://members.example/nic/update",
    user: "me",
    password: "p",
    hosts: ["A.Example.com.", "例子.example.com"],
  };
  assert.deepEqual(planned(entry), {
    ...entry,
    url: "secret(https://members.example/nic/update)",
    password: "secret(p)",
    hosts: ["a.example.com", "xn--fsqu00a.example.com"],
  });
  assert.deepEqual(refusals({ ...entry, url: "https://h.example/{hosts}/{ip}" }), []);
  assert.deepEqual(refusals({ ...entry, url: "members.example", hosts: ["a..b"], user: "a:b" }), [
    "url: expected an address that starts with http:// or https://",
    "user: a colon cannot be in it",
    "hosts[0]: expected a domain name",
  ]);
  assert.deepEqual(refusals({ ...entry, user: undefined }), ["password: user and password belong together"]);
  assert.deepEqual(refusals({ ...entry, password: undefined }), ["user: user and password belong together"]);
  assert.deepEqual(faults({ ...entry, hosts: [] }), ["hosts: expected at least one entry"]);
});

Deno.test("planSink() plans files, relative to the configuration", () => {
  const entry = { provider: "file", path: "zones/dyn", records: [{ type: "A", name: "mc.example.com" }] };
  const { path, format, zone } = planned(entry) as Extract<PublisherOptions, { provider: "file" }>;
  assert.deepEqual([path, format, zone], ["/etc/p/zones/dyn", "zone", undefined]);
  const other = planned({ ...entry, path: "/x", format: "json", zone: "Example.com." });
  const json = other as Extract<PublisherOptions, { provider: "file" }>;
  assert.deepEqual([json.path, json.format, json.zone], ["/x", "json", "example.com"]);
  assert.deepEqual(refusals({ ...entry, zone: "a..b" }), ["zone: expected a domain name"]);
  assert.deepEqual(faults({ ...entry, records: [] }), ["records: expected at least one entry"]);
});

Deno.test("planSink() plans BitTorrent clients", () => {
  assert.deepEqual(planned({ provider: "qbittorrent", url: "http://127.0.0.1:8080" }), {
    ...{ provider: "qbittorrent", url: "http://127.0.0.1:8080", port: "listen" },
    ...{ user: undefined, password: undefined },
  });
  const account = { user: "admin", password: "x" };
  assert.deepEqual(
    planned({ provider: "qbittorrent", url: "https://nas/qb", ...account, port: "announce" }),
    {
      provider: "qbittorrent",
      url: "https://nas/qb",
      user: "admin",
      password: "secret(x)",
      port: "announce",
    },
  );
  assert.deepEqual(planned({ provider: "transmission", url: "http://nas:9091", ...account }), {
    ...{ provider: "transmission", url: "http://nas:9091", user: "admin", password: "secret(x)" },
  });
  for (const provider of ["qbittorrent", "transmission"]) {
    const web = "url: expected an http or https address without ? and #";
    assert.deepEqual(refusals({ provider, url: "nas:8080" }), [web]);
    assert.deepEqual(refusals({ provider, url: "http://nas/?a" }), [web]);
    assert.deepEqual(refusals({ provider, url: "http://a:b@nas/" }), [
      "url: user and password are keys of their own",
    ]);
    assert.deepEqual(refusals({ provider, url: "http://nas/", password: "x" }), [
      "password: user and password belong together",
    ]);
  }
  assert.deepEqual(faults({ provider: "transmission", url: "http://nas/", port: "announce" }), [
    'port: unknown key "port"',
  ]);
});

Deno.test("planSink() plans messages, with the services' own servers", () => {
  const texts = { title: "porthole: {name}", message: "{protocol} {external}" };
  const entries: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ provider: "ntfy", to: "my_topic-1" }, "https://ntfy.sh"],
    [{ provider: "gotify", url: "https://push.example/g", token: "t" }, "https://push.example/g"],
    [{ provider: "telegram", token: "1:t", to: "-100123" }, "https://api.telegram.org"],
    [{ provider: "telegram", token: "1:t", to: "@chan", url: "http://own" }, "http://own"],
    [{ provider: "bark", token: "t" }, "https://api.day.app"],
    [{ provider: "serverchan", token: "SCT1" }, "https://sctapi.ftqq.com"],
    [{ provider: "serverchan", token: "sctp7tX" }, "https://7.push.ft07.com/send"],
    [{ provider: "serverchan", token: "x", url: "http://own" }, "http://own"],
    [{ provider: "pushplus", token: "t" }, "https://www.pushplus.plus"],
  ];
  for (const [entry, url] of entries) {
    assert.deepEqual(planned(entry), {
      ...{ to: undefined, ...entry, url, ...texts },
      token: entry["token"] === undefined ? undefined : `secret(${entry["token"]})`,
    });
  }
  const own = planned({ provider: "bark", token: "t", title: "", message: "{address}\n{port}" });
  assert.deepEqual(
    (({ title, message }): readonly string[] => [title, message])(own as { title: string; message: string }),
    ["", "{address}\n{port}"],
  );
});

Deno.test("planSink() refuses messages that nobody would get", () => {
  const unknown = /^(title|message): holds an unknown placeholder; known: event, /;
  for (const key of ["title", "message"]) {
    const [refusal = ""] = refusals({ provider: "bark", token: "t", [key]: "{adress}" });
    assert.match(refusal, unknown);
  }
  assert.deepEqual(refusals({ provider: "ntfy", to: "a/b" }), [
    "to: expected a topic: up to 64 letters, digits, underscores and hyphens",
  ]);
  assert.deepEqual(refusals({ provider: "telegram", token: "t", to: "me" }), [
    "to: expected the number of a chat, or @ and the name of a channel",
  ]);
  assert.deepEqual(refusals({ provider: "serverchan", token: "hunter2" }), [
    "token: expected a key that starts with SCT or sctp; another server needs url",
  ]);
  assert.deepEqual(refusals({ provider: "gotify", token: "t", url: "push.example" }), [
    "url: expected an http or https address without ? and #",
  ]);
  assert.deepEqual(faults({ provider: "ntfy" }), ['key "to" is missing']);
  assert.deepEqual(faults({ provider: "bark" }), ['key "token" is missing']);
  assert.deepEqual(faults({ provider: "bark", token: "t", to: "x" }), ['to: unknown key "to"']);
  assert.deepEqual(faults({ provider: "gotify", token: "t" }), ['key "url" is missing']);
});

Deno.test("planSink() leaves out what has a secret that could not be read, and says so", () => {
  const publish: readonly PublishConfig[] = [
    { provider: "webhook", url: "u", headers: { a: "h" }, body: "b" },
    { provider: "dyndns2", url: "u", user: "u", password: "p", hosts: ["a.example"] },
    { provider: "qbittorrent", url: "http://a", user: "u", password: "p" },
    { provider: "bark", token: "t" },
  ];
  const result = planService({ tunnels: [{ publish }] }, { ...options, secretOf: () => undefined });
  assert.ok(result.kind === "faults");
  assert.deepEqual(result.faults.map(({ path }) => path.replace("tunnels[0].publish", "")), [
    "[0].url",
    "[0].body",
    "[0].headers.a",
    "[1].url",
    "[1].password",
    "[2].password",
    "[3].token",
  ]);
});
