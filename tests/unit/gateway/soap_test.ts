import assert from "node:assert/strict";
import * as fc from "fast-check";
import { findIgdServices } from "../../../src/gateway/device_description.ts";
import { encodeSoapCall, readSoapAnswer } from "../../../src/gateway/soap.ts";
import { XmlError } from "../../../src/gateway/xml_reader.ts";

const FROM = { router: "192.168.1.1", from: { port: 5000, path: "/rootDesc.xml" } };
const TYPE = "urn:schemas-upnp-org:service:WANIPConnection:1";

Deno.test("encodeSoapCall() writes a call", () => {
  const body = encodeSoapCall({
    type: TYPE,
    action: "DeletePortMapping",
    args: [["NewExternalPort", 80], ["X", "<&>"]],
  });
  assert.match(
    body,
    /<u:DeletePortMapping xmlns:u="urn:schemas-upnp-org:service:WANIPConnection:1"><NewExternalPort>80</,
  );
  assert.match(body, /<X>&#60;&#38;&#62;<\/X><\/u:DeletePortMapping><\/s:Body><\/s:Envelope>/);
});

Deno.test("readSoapAnswer() reads values in any case and with any prefix", () => {
  const answer = readSoapAnswer(
    `<?xml version="1.0"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="x"><SOAP-ENV:Body><m:getexternalipaddressresponse>
     <NewExternalIpAddress> 100.64.0.2 </NewExternalIpAddress></m:getexternalipaddressresponse></SOAP-ENV:Body></SOAP-ENV:Envelope>`,
    "GetExternalIPAddress",
  );
  assert.ok(answer.kind === "values");
  assert.deepEqual([...answer.values], [["newexternalipaddress", "100.64.0.2"]]);
});

Deno.test("readSoapAnswer() reads faults, with or without a code", () => {
  const fault = (inner: string): string =>
    `<s:Envelope><s:Body><s:Fault><faultstring>UPnPError</faultstring>${inner}</s:Fault></s:Body></s:Envelope>`;
  const detail =
    "<detail><UPnPError><errorCode>718</errorCode><errorDescription>Conflict\nInMapping</errorDescription></UPnPError></detail>";
  assert.deepEqual(readSoapAnswer(fault(detail), "X"), {
    ...{ kind: "fault", code: 718, description: "Conflict InMapping" },
  });
  assert.deepEqual(readSoapAnswer(fault(""), "X"), { kind: "fault", code: 0, description: "UPnPError" });
});

Deno.test("readSoapAnswer() refuses what is no answer", () => {
  assert.throws(() => readSoapAnswer("<html><body>Login</body></html>", "X"), XmlError);
  assert.throws(() => readSoapAnswer("500 Internal Server Error", "X"), XmlError);
});

function service(type: string, control: string): string {
  return `<service><serviceType>${type}</serviceType><controlURL>${control}</controlURL></service>`;
}

Deno.test("findIgdServices() finds every service that opens ports, the newest first", () => {
  const found = findIgdServices(
    `<root><device><serviceList>${
      service("urn:schemas-upnp-org:service:Layer3Forwarding:1", "/l3")
    }</serviceList>
     <deviceList><device><serviceList>${service("urn:schemas-upnp-org:service:WANPPPConnection:1", "ppp")}
     ${service(TYPE, "/ctl/IPConn")}</serviceList></device><device><serviceList>
     ${service("urn:schemas-upnp-org:service:WANIPConnection:2", "http://192.168.1.1:5001/two")}
     </serviceList></device></deviceList></device></root>`,
    FROM,
  );
  assert.deepEqual(
    found.map(({ type, version, control }) => [type.slice(29), version, control.port, control.path]),
    [
      ["WANIPConnection:2", 2, 5001, "/two"],
      ["WANPPPConnection:1", 1, 5000, "/ppp"],
      ["WANIPConnection:1", 1, 5000, "/ctl/IPConn"],
    ],
  );
});

Deno.test("findIgdServices() leaves out services that lead anywhere else", () => {
  const elsewhere = [
    "http://192.168.1.2/ctl",
    "http://203.0.113.10/ctl",
    "//203.0.113.10/",
    "https://192.168.1.1/",
  ];
  const document = `<root>${elsewhere.map((url) => service(TYPE, url)).join("")}</root>`;
  assert.deepEqual(findIgdServices(document, FROM), []);
});

Deno.test("findIgdServices() follows URLBase only to the router itself", () => {
  const at = (base: string): string | undefined => {
    const [found] = findIgdServices(`<root><URLBase>${base}</URLBase>${service(TYPE, "ctl")}</root>`, FROM);
    return found && `${found.control.port}${found.control.path}`;
  };
  assert.equal(at("http://192.168.1.1:4444/base/"), "4444/base/ctl");
  assert.equal(at("http://203.0.113.10:4444/base/"), "5000/ctl");
  assert.equal(at(""), "5000/ctl");
});

Deno.test("findIgdServices() and readSoapAnswer() give a value or an XmlError for any text", () => {
  const piece = fc.constantFrom(
    "<service>",
    "</service>",
    "<serviceType>",
    TYPE,
    "</serviceType>",
    "<controlURL>",
    "/x",
    "</controlURL>",
    "<Fault>",
    "</Fault>",
    "<errorCode>",
    "</errorCode>",
    "7",
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (parts) => {
    const document = `<root>${parts.join("")}</root>`;
    for (const read of [() => findIgdServices(document, FROM), () => readSoapAnswer(document, "X")]) {
      try {
        read();
      } catch (error) {
        assert.ok(error instanceof XmlError, String(error));
      }
    }
  }));
});
