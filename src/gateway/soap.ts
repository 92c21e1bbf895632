import { childText, escapeXml, findElement, readXml, type XmlElement, XmlError } from "./xml_reader.ts";

/** A call of an action (UPnP Device Architecture 1.1, section 3.2.1). */
export interface SoapCall {
  /** The service's type, as it spells it. */
  readonly type: string;
  /** Name of the action. */
  readonly action: string;
  /** In the order that the service defines: some routers go by it. */
  readonly args: readonly (readonly [name: string, value: string | number])[];
}

/** What an action gives: its values by name in lower case, or why not. */
export type SoapAnswer =
  | { readonly kind: "values"; readonly values: ReadonlyMap<string, string> }
  | { readonly kind: "fault"; readonly code: number; readonly description: string };

/** The body of a call; its header is `SOAPAction`. */
export function encodeSoapCall({ type, action, args }: SoapCall): string {
  const values = args.map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`).join("");
  return '<?xml version="1.0"?>\r\n' +
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
    's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
    `<u:${action} xmlns:u="${escapeXml(type)}">${values}</u:${action}></s:Body></s:Envelope>\r\n`;
}

/**
 * Reads the body of an answer.
 *
 * @throws {XmlError} If it is no XML, or neither the action's answer nor a fault.
 */
export function readSoapAnswer(document: string, action: string): SoapAnswer {
  const root = readXml(document);
  const fault = findElement(root, "Fault");
  if (fault !== undefined) return readFault(fault);
  const answer = findElement(root, `${action}Response`);
  if (answer === undefined) throw new XmlError("it is no answer to the call");
  return {
    kind: "values",
    values: new Map(answer.children.map(({ name, text }) => [name.toLowerCase(), text])),
  };
}

/** `UPnPError` with its code (section 3.2.2); a fault without one has code 0. */
function readFault(fault: XmlElement): SoapAnswer {
  const error = findElement(fault, "UPnPError");
  const text = (error && childText(error, "errorCode")) ?? "";
  const said = (error && childText(error, "errorDescription")) ?? childText(fault, "faultstring") ?? "";
  return {
    kind: "fault",
    code: /^\d{1,4}$/.test(text) ? Number(text) : 0,
    // It ends in a line of the log.
    description: said.replace(/[^\P{C}]+/gu, " ").slice(0, 100),
  };
}
