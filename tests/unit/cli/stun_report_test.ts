import assert from "node:assert/strict";
import { outcomeToJson, type StunOutcome, StunTable } from "../../../src/cli/stun_report.ts";
import { StunTimeoutError } from "../../../src/stun/errors.ts";
import { textsOf } from "../../../src/text/texts.ts";

const question = { server: { host: "stun.example", port: 3478 }, protocol: "udp" as const };
const answered: StunOutcome = {
  ...question,
  result: {
    reflexive: { address: "198.18.0.5", port: 1234 },
    local: { address: "192.168.1.2", port: 5000 },
    server: { address: "203.0.113.1", port: 3478 },
    rttMs: 12.345,
    otherAddress: { address: "203.0.113.2", port: 3479 },
    software: "coturn",
  },
};
const failed: StunOutcome = {
  ...question,
  error: new StunTimeoutError({ address: "203.0.113.1", port: 3478 }, 3),
};

Deno.test("outcomeToJson() writes answers and failures", () => {
  assert.equal(
    JSON.stringify(outcomeToJson(answered)),
    '{"server":"stun.example:3478","protocol":"udp","ok":true,"reflexive":"198.18.0.5:1234",' +
      '"local":"192.168.1.2:5000","endpoint":"203.0.113.1:3478","rttMs":12.3,"rfc5780":true,' +
      '"otherAddress":"203.0.113.2:3479","software":"coturn","suspicion":"fake-ip"}',
  );
  const json = outcomeToJson(failed);
  assert.ok(json["ok"] === false);
  assert.equal(json["code"], "stun_timeout");
});

Deno.test("StunTable.row() stands under StunTable.header, warns, and says why a server gave nothing", () => {
  const table = new StunTable([question], textsOf("en"));
  const row = table.row(answered);
  assert.equal(row.indexOf("198.18.0.5:1234"), table.header.indexOf("REFLEXIVE"));
  assert.equal(row.indexOf("coturn"), table.header.indexOf("SOFTWARE"));
  assert.match(row, /12 ms +yes +coturn +fake IP/);
  assert.equal(table.row(failed), "stun.example:3478  udp    no answer: no answer to 3 request(s)");
});

Deno.test("StunTable.row() says no to RFC 5780 when the other address is the same one", () => {
  const table = new StunTable([question], textsOf("en"));
  assert.ok("result" in answered);
  const otherAddress = { address: "203.0.113.1", port: 3479 };
  const row = table.row({ ...question, result: { ...answered.result, otherAddress } });
  assert.match(row, / no +coturn/);
});
