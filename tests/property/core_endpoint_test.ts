import assert from "node:assert/strict";
import fc from "fast-check";
import { scopeOf } from "../../src/core/address_scope.ts";
import {
  addressBytes,
  canonicalAddress,
  familyOf,
  formatAddress,
  formatEndpoint,
  parseEndpoint,
  parseHostPort,
  parseIpv4,
  parseIpv6,
  parsePort,
} from "../../src/core/endpoint.ts";
import { decodeIp4p, encodeIp4p } from "../../src/core/ip4p.ts";

const ipv4Bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
/** Many zero groups, as in real addresses. */
const ipv6Bytes = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
}).map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])));
const ports = fc.integer({ min: 0, max: 65535 });
const addresses = fc.oneof(ipv4Bytes, ipv6Bytes).map(formatAddress);

function isMapped(bytes: Uint8Array): boolean {
  return bytes.length === 16 && bytes.subarray(0, 10).every((b) => b === 0) && bytes[10] === 0xff &&
    bytes[11] === 0xff;
}

Deno.test("formatAddress() is undone by addressBytes()", () => {
  fc.assert(fc.property(fc.oneof(ipv4Bytes, ipv6Bytes), (bytes) => {
    const expected = isMapped(bytes) ? bytes.slice(12) : bytes;
    assert.deepEqual(addressBytes(formatAddress(bytes)), expected);
  }));
});

Deno.test("formatAddress() writes IPv6 as the URL parser of the runtime does", () => {
  fc.assert(fc.property(ipv6Bytes.filter((bytes) => !isMapped(bytes)), (bytes) => {
    const text = formatAddress(bytes);
    assert.equal(new URL(`http://[${text}]/`).hostname, `[${text}]`);
  }));
});

Deno.test("canonicalAddress() maps every spelling of an address to one", () => {
  const spelled = fc.tuple(ipv6Bytes, fc.boolean(), fc.boolean()).map(([bytes, isUpper, isPadded]) => {
    const groups = Array.from({ length: 8 }, (_, i) => {
      const hex = (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16);
      return isPadded ? hex.padStart(4, "0") : hex;
    });
    const text = groups.join(":");
    return { bytes, text: isUpper ? text.toUpperCase() : text };
  });
  fc.assert(fc.property(spelled, ({ bytes, text }) => {
    assert.equal(canonicalAddress(text), formatAddress(bytes));
  }));
});

Deno.test("canonicalAddress() is idempotent and agrees with the parsers for any text", () => {
  const soup = fc.string({ unit: fc.constantFrom(..."0123456789abcdefF:.%g[]") });
  fc.assert(
    fc.property(fc.oneof(soup, addresses, fc.string()), (text) => {
      const canonical = canonicalAddress(text);
      if (canonical === undefined) return;
      assert.equal(canonicalAddress(canonical), canonical);
      assert.deepEqual(canonicalAddress(canonical)?.includes(":"), familyOf(canonical) === 6);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("parseEndpoint() undoes formatEndpoint()", () => {
  fc.assert(fc.property(addresses, ports, (address, port) => {
    assert.deepEqual(parseEndpoint(formatEndpoint({ address, port })), { address, port });
  }));
});

Deno.test("parseHostPort() undoes formatEndpoint() for host names", () => {
  const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/);
  const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
  fc.assert(fc.property(host, ports, ports, (name, port, defaultPort) => {
    assert.deepEqual(parseHostPort(formatEndpoint({ host: name, port }), defaultPort), { host: name, port });
    assert.deepEqual(parseHostPort(name, defaultPort), { host: name, port: defaultPort });
  }));
});

Deno.test("parseHostPort() gives a canonical host or throws SyntaxError, for any text", () => {
  const soup = fc.string({ unit: fc.constantFrom(..."012a9fzG:.%[]-_ \n/@") });
  fc.assert(
    fc.property(fc.oneof(soup, fc.string()), fc.option(ports, { nil: undefined }), (text, defaultPort) => {
      try {
        const { host, port } = parseHostPort(text, defaultPort);
        assert.ok(Number.isInteger(port) && port >= 0 && port <= 65535);
        assert.ok(host.length > 0 && !/[\s[\]/@]/.test(host), JSON.stringify(host));
        if (addressBytes(host) !== undefined) assert.equal(canonicalAddress(host), host);
      } catch (error) {
        assert.ok(error instanceof SyntaxError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("parseIpv4(), parseIpv6() and parsePort() are total", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const four = parseIpv4(text);
    const six = parseIpv6(text);
    const port = parsePort(text);
    assert.ok(four === undefined || four.length === 4);
    assert.ok(six === undefined || six.length === 16);
    assert.ok(port === undefined || String(port) === text);
  }));
});

Deno.test("scopeOf() is total over addresses", () => {
  fc.assert(fc.property(addresses, (address) => {
    assert.equal(typeof scopeOf(address), "string");
  }));
});

Deno.test("decodeIp4p() undoes encodeIp4p() in every spelling", () => {
  fc.assert(fc.property(ipv4Bytes, ports, (bytes, port) => {
    const endpoint = { address: formatAddress(bytes), port };
    const text = encodeIp4p(endpoint);
    assert.match(text, /^2001::[0-9a-f]{4}:[0-9a-f]{4}:[0-9a-f]{4}$/);
    assert.deepEqual(decodeIp4p(text), endpoint);
    assert.deepEqual(decodeIp4p(text.toUpperCase()), endpoint);
    assert.deepEqual(decodeIp4p(canonicalAddress(text) ?? ""), endpoint);
  }));
});

Deno.test("decodeIp4p() takes no other IPv6 address", () => {
  fc.assert(fc.property(ipv6Bytes, (bytes) => {
    const isIp4p = bytes[0] === 0x20 && bytes[1] === 0x01 && bytes.subarray(2, 10).every((b) => b === 0);
    assert.equal(decodeIp4p(formatAddress(bytes)) !== undefined, isIp4p);
  }));
});
