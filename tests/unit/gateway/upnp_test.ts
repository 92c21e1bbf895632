import assert from "node:assert/strict";
import * as fc from "fast-check";
import { GatewayError } from "../../../src/gateway/errors.ts";
import { searchDevices } from "../../../src/gateway/search_devices.ts";
import { UpnpMapper } from "../../../src/gateway/upnp.ts";
import { type GatewayRig, never, openRig, requestFor } from "./gateway_rig.ts";

const FIND = { isNear: true, onForgotten: (): void => {}, signal: never };

async function open(
  changes: Parameters<typeof openRig>[0] = {},
): Promise<GatewayRig & { mapper: UpnpMapper }> {
  const rig = await openRig({ ways: ["upnp"], ...changes });
  return { ...rig, mapper: await rig.wait(UpnpMapper.find(rig.link, FIND)) };
}

Deno.test("UpnpMapper opens a port, finds it again and gives it back", async () => {
  await using rig = await open();
  const { mapper, router } = rig;
  const grant = await rig.wait(mapper.map(requestFor(), never));
  assert.deepEqual(grant, { externalPort: 3456, externalAddress: "100.64.0.2", lifetimeSeconds: 600 });
  assert.deepEqual(router.entries.get("tcp 3456"), {
    ...{ way: "upnp", client: "192.168.1.2", internalPort: 3456, lifetimeSeconds: 600 },
  });
  await rig.wait(mapper.unmap(requestFor(), grant, never));
  assert.equal(router.entries.size, 0);
});

Deno.test("UpnpMapper asks for a lease that never ends when the router knows no other", async () => {
  for (const code of [725, 402]) {
    await using rig = await open();
    rig.router.onSoap = (action, args) =>
      action === "AddPortMapping" && args.get("NewLeaseDuration") !== "0" ? code : undefined;
    const grant = await rig.wait(rig.mapper.map(requestFor(), never));
    assert.equal(grant.lifetimeSeconds, Infinity);
    assert.equal(rig.router.entries.get("tcp 3456")?.lifetimeSeconds, 0);
    const before = rig.router.asked.length;
    await rig.wait(rig.mapper.map(requestFor(), never));
    assert.equal(rig.router.asked.length, before + 1, "it is remembered");
  }
});

Deno.test("UpnpMapper does not hold a lease that never ends for all the router knows when that failed too", async () => {
  await using rig = await open();
  rig.router.onSoap = (action, args) => {
    if (action !== "AddPortMapping") return undefined;
    return args.get("NewLeaseDuration") === "0" ? 501 : 402;
  };
  await rig.wait(assert.rejects(rig.mapper.map(requestFor(), never), { message: /501/ }));
  rig.router.onSoap = () => undefined;
  assert.equal((await rig.wait(rig.mapper.map(requestFor(), never))).lifetimeSeconds, 600);
});

Deno.test("UpnpMapper refuses a port that belongs to somebody else", async () => {
  await using rig = await open();
  const theirs = { way: "upnp", client: "192.168.1.99", internalPort: 3456, lifetimeSeconds: 0 } as const;
  rig.router.entries.set("tcp 3456", theirs);
  await rig.wait(assert.rejects(rig.mapper.map(requestFor(), never), { fault: "conflict", message: /718/ }));
  assert.equal(rig.router.entries.get("tcp 3456"), theirs, "it stays theirs");
});

Deno.test("UpnpMapper takes a port over that an earlier run left, when the router calls that a conflict", async () => {
  await using rig = await open();
  rig.router.onSoap = (action) =>
    action === "AddPortMapping" && rig.router.entries.has("tcp 3456") ? 718 : undefined;
  const ours = { way: "upnp", client: "192.168.1.2", internalPort: 3456, lifetimeSeconds: 5 } as const;
  rig.router.entries.set("tcp 3456", ours);
  await rig.wait(rig.mapper.map(requestFor(), never));
  assert.equal(rig.router.entries.get("tcp 3456")?.lifetimeSeconds, 600);
});

Deno.test("UpnpMapper uses AddAnyPortMapping where there is nothing else, and only for the port it wants", async () => {
  await using rig = await open({ igdVersion: 2 });
  let reserved = 3456;
  rig.router.onSoap = (action) =>
    action === "AddPortMapping"
      ? 401
      : action === "AddAnyPortMapping"
      ? `<NewReservedPort>${reserved}</NewReservedPort>`
      : undefined;
  const grant = await rig.wait(rig.mapper.map(requestFor(), never));
  assert.equal(grant.externalPort, 3456);
  reserved = 4000;
  await rig.wait(assert.rejects(rig.mapper.map(requestFor(), never), { fault: "conflict", message: /4000/ }));
  assert.equal(rig.router.asked.at(-1), "upnp DeletePortMapping", "what is of no use is given back");
});

Deno.test("UpnpMapper says why the router says no", async () => {
  for (
    const [code, words] of [[606, /not allowed/], [727, /all external ports/], [501, /501/], [
      999,
      /No \(999\)/,
    ]] as const
  ) {
    await using rig = await open();
    rig.router.onSoap = (action) => action === "AddPortMapping" ? code : undefined;
    await rig.wait(assert.rejects(rig.mapper.map(requestFor(), never), { fault: "refused", message: words }));
  }
});

Deno.test("UpnpMapper.check() notices that the router forgot", async () => {
  await using rig = await openRig({ ways: ["upnp"] });
  let forgotten = 0;
  const mapper = await rig.wait(UpnpMapper.find(rig.link, { ...FIND, onForgotten: () => forgotten++ }));
  const request = requestFor();
  const grant = await rig.wait(mapper.map(request, never));
  await rig.wait(mapper.check({ request, grant }, never));
  assert.equal(forgotten, 0);
  rig.router.restart();
  await rig.wait(mapper.check({ request, grant }, never));
  assert.equal(forgotten, 1);
});

Deno.test("UpnpMapper.check() believes no router that never finds what it gave", async () => {
  await using rig = await openRig({ ways: ["upnp"] });
  rig.router.onSoap = (action) => action === "GetSpecificPortMappingEntry" ? 714 : undefined;
  const mapper = await rig.wait(
    UpnpMapper.find(rig.link, { ...FIND, onForgotten: () => assert.fail("it did not forget") }),
  );
  const request = requestFor();
  const grant = await rig.wait(mapper.map(request, never));
  await rig.wait(mapper.check({ request, grant }, never));
});

Deno.test("UpnpMapper.find() asks nobody but the router, wherever its answers point", async () => {
  for (
    const location of [
      "http://192.168.1.9:80/x.xml",
      "http://203.0.113.10/x",
      "https://192.168.1.1/",
      "x",
      "",
    ]
  ) {
    await using rig = await openRig({ ways: ["upnp"] });
    rig.router.location = location;
    await rig.wait(assert.rejects(UpnpMapper.find(rig.link, FIND), GatewayError));
    assert.deepEqual(rig.strays(), []);
    assert.equal(rig.world.net.connects.length, 0);
  }
});

Deno.test("UpnpMapper.find() takes the service that works when another one of the router is broken", async () => {
  await using rig = await openRig({ ways: ["upnp"] });
  rig.router.moreServices =
    "<service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:2</serviceType>" +
    "<controlURL>/dead</controlURL></service>";
  rig.router.deadPaths.add("/dead");
  const mapper = await rig.wait(UpnpMapper.find(rig.link, FIND));
  assert.equal((await rig.wait(mapper.map(requestFor(), never))).externalAddress, "100.64.0.2");
});

Deno.test("UpnpMapper.find() is not led astray by a device of the router that cannot be reached", async () => {
  await using rig = await openRig({ ways: ["upnp"] });
  const search = rig.world.net.route;
  let sent = 0;
  rig.world.net.route = (packet) => {
    if (packet.from.port === 1900 && sent++ === 0) {
      const media = `HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nLOCATION: http://192.168.1.1:8200/\r\n\r\n`;
      return { ...packet, data: new TextEncoder().encode(media) };
    }
    return search?.(packet) ?? packet;
  };
  await rig.wait(UpnpMapper.find(rig.link, FIND));
  assert.ok(sent > 1);
});

Deno.test("searchDevices() waits for a gateway when something else on the router is quicker", async () => {
  await using rig = await openRig({ ways: [] });
  const { net, clock } = rig.world;
  const answer = (target: string, path: string): Uint8Array =>
    new TextEncoder().encode(
      `HTTP/1.1 200 OK\r\nST: ${target}\r\nLOCATION: http://192.168.1.1:5000/${path}\r\n\r\n`,
    );
  using socket = await net.openDatagram({
    local: { address: rig.router.address, port: 1900 },
    onDatagram: (data, from) => {
      const target = /\nST: (.*)\r/.exec(new TextDecoder().decode(data))?.[1] ?? "";
      if (target === "upnp:rootdevice") {
        for (let i = 0; i < 9; i++) socket.send(answer(target, `media${i}`), from);
      } else if (from.port !== 0) clock.schedule(900, () => socket.send(answer(target, "igd"), from));
    },
  });
  const found = await rig.wait(searchDevices(rig.link, { isNear: false, signal: never }));
  assert.deepEqual(found.map(({ path }) => path), ["/igd", "/media0", "/media1", "/media2"]);
  await clock.advance(2_000);
});

Deno.test("searchDevices() ignores what others answer", async () => {
  await using rig = await openRig({ ways: ["upnp"] });
  rig.router.isSilent = true;
  using printer = await rig.world.net.openDatagram({
    local: { address: "239.255.255.250", port: 1900 },
    onDatagram: (_data, from) => {
      for (const location of ["http://192.168.1.50:80/printer.xml", "http://192.168.1.1:5000/root.xml"]) {
        stranger.send(new TextEncoder().encode(`HTTP/1.1 200 OK\r\nLOCATION: ${location}\r\n\r\n`), from);
      }
    },
  });
  using stranger = await rig.world.net.openDatagram({
    local: { address: "192.168.1.50", port: 1900 },
    onDatagram: () => {},
  });
  assert.ok(printer);
  assert.deepEqual(await rig.wait(searchDevices(rig.link, { isNear: true, signal: never })), []);
});

Deno.test("searchDevices() remembers four places at most", async () => {
  await using rig = await openRig({ ways: [] });
  using flood = await rig.world.net.openDatagram({
    local: { address: rig.router.address, port: 1900 },
    onDatagram: (_data, from) => {
      for (let i = 0; i < 500; i++) {
        flood.send(
          new TextEncoder().encode(`HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1/${i}\r\n\r\n`),
          from,
        );
      }
    },
  });
  assert.equal((await rig.wait(searchDevices(rig.link, { isNear: false, signal: never }))).length, 4);
});

Deno.test("UpnpMapper.find() ends with a mapper or a GatewayError, and asks nobody else, whatever a router says", async () => {
  const piece = fc.constantFrom(
    ...[
      "HTTP/1.1 200 OK\r\n",
      "LOCATION: http://192.168.1.1:5000/\r\n",
      "LOCATION: http://10.9.8.7/\r\n",
      "\r\n",
    ],
    ...["<root>", "</root>", "<URLBase>http://10.9.8.7/</URLBase>", "<service>", "</service>", "\0", "&#0;"],
    ...[
      "<serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>",
      "<controlURL>",
      "</controlURL>",
    ],
    ...["http://10.9.8.7/ctl", "/ctl", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"],
  );
  const text = fc.oneof(fc.string(), fc.array(piece, { maxLength: 20 }).map((parts) => parts.join("")));
  await fc.assert(
    fc.asyncProperty(text, text, async (ssdp, http) => {
      await using rig = await openRig({ ways: [] });
      const { net } = rig.world;
      const encoder = new TextEncoder();
      const location = "HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1:5000/\r\n\r\n";
      using device = await net.openDatagram({
        local: { address: rig.router.address, port: 1900 },
        onDatagram: (_data, from) => {
          for (const answer of [ssdp, location]) device.send(encoder.encode(answer), from);
        },
      });
      using _server = await net.listenStream({
        local: { address: rig.router.address, port: 5000 },
        onConnection: (connection) => ({
          onData: (): void => {
            connection.write(encoder.encode(http));
            connection.end();
          },
          onEnd: (): void => connection.abort(),
        }),
      });
      try {
        await rig.wait(UpnpMapper.find(rig.link, FIND), 60_000);
      } catch (error) {
        assert.ok(error instanceof GatewayError, String(error));
      }
      assert.deepEqual(rig.strays(), []);
    }),
    { numRuns: 100 },
  );
});
