import assert from "node:assert/strict";
import * as fc from "fast-check";
import { readGatewayUrl } from "../../../src/gateway/gateway_url.ts";
import { encodeSearch, readSsdpAnswer, type SsdpAnswer } from "../../../src/gateway/ssdp.ts";

const ROUTER = "192.168.1.1";
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("encodeSearch() writes a search", () => {
  const text = new TextDecoder().decode(encodeSearch("upnp:rootdevice", "239.255.255.250:1900"));
  assert.equal(
    text,
    'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: upnp:rootdevice\r\n\r\n',
  );
});

const ANSWERS: readonly (readonly [text: string, answer: SsdpAnswer | undefined, about: string])[] = [
  [
    "HTTP/1.1 200 OK\r\nLOCATION: http://192.168.1.1:5000/rootDesc.xml\r\nST: upnp:rootdevice\r\n\r\n",
    { location: "http://192.168.1.1:5000/rootDesc.xml", target: "upnp:rootdevice" },
    "an answer",
  ],
  [
    "http/1.0 200\nlOcAtIoN:http://192.168.1.1/\nServer: x\n",
    { location: "http://192.168.1.1/", target: "" },
    "names in any case, without spaces, carriage returns and a last line",
  ],
  [
    "HTTP/1.1 200 OK\r\nLocation: a\r\nLocation: b\r\n\r\n",
    { location: "a", target: "" },
    "the first of two",
  ],
  ["HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\n\r\n", undefined, "none without a location"],
  [
    `HTTP/1.1 200 OK\r\nLocation: http://${"x".repeat(2000)}/\r\n\r\n`,
    undefined,
    "none with an endless location",
  ],
  ["HTTP/1.1 404 Not Found\r\nLocation: a\r\n\r\n", undefined, "no refusal"],
  ["NOTIFY * HTTP/1.1\r\nLocation: a\r\n\r\n", undefined, "no announcement"],
  ["M-SEARCH * HTTP/1.1\r\nLocation: a\r\n\r\n", undefined, "no search"],
];

for (const [text, answer, about] of ANSWERS) {
  Deno.test(`readSsdpAnswer() reads ${about}`, () => assert.deepEqual(readSsdpAnswer(encode(text)), answer));
}

Deno.test("readSsdpAnswer() takes any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 3000 }), fc.string(), (data, text) => {
    readSsdpAnswer(data);
    readSsdpAnswer(encode(`HTTP/1.1 200 OK\r\n${text}\r\nLOCATION:${text}`));
  }));
});

const URLS: readonly (readonly [url: string, read: string | undefined])[] = [
  ["http://192.168.1.1:5000/rootDesc.xml", "5000 /rootDesc.xml"],
  ["http://192.168.1.1", "80 /"],
  ["HTTP://192.168.1.1:49152/a/b?c=d#e", "49152 /a/b?c=d"],
  ["http://192.168.1.1/a b", "80 /a%20b"],
  ["/ctl/IPConn", "5000 /ctl/IPConn"],
  ["IPConn", "5000 /dir/IPConn"],
  ["http://192.168.1.2:5000/rootDesc.xml", undefined],
  ["http://203.0.113.10/", undefined],
  ["//203.0.113.10/ctl", undefined],
  ["/\\203.0.113.10/ctl", undefined],
  ["\\\\203.0.113.10/ctl", undefined],
  ["http://192.168.1.1@203.0.113.10/", undefined],
  ["http://user:pass@192.168.1.1/", undefined],
  ["http://router.lan/", undefined],
  ["http://192.168.1.1.example.com/", undefined],
  ["http://[::ffff:192.168.1.2]/", undefined],
  ["https://192.168.1.1/", undefined],
  ["ftp://192.168.1.1/", undefined],
  ["file:///etc/passwd", undefined],
  ["javascript:alert(1)", undefined],
  ["http://192.168.1.1:0/", undefined],
  ["http://192.168.1.1:99999/", undefined],
];

for (const [text, read] of URLS) {
  Deno.test(`readGatewayUrl() takes ${JSON.stringify(text)} ${read === undefined ? "for no place" : "in"}`, () => {
    const url = readGatewayUrl(text, ROUTER, { port: 5000, path: "/dir/root.xml" });
    assert.equal(url && `${url.port} ${url.path}`, read);
  });
}

Deno.test("readGatewayUrl() gives a path that fits in a request line, for any text", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.webUrl()), (text) => {
    for (const input of [text, `http://${ROUTER}/${text}`]) {
      const url = readGatewayUrl(input, ROUTER, { port: 80, path: "/" });
      if (url !== undefined) assert.match(url.path, /^\/[\x21-\x7e]*$/);
    }
  }));
});
