/**
 * Just enough STUN (RFC 8489, RFC 5780) for the lab to judge its NATs without the code under test.
 */

/** An answer as the lab needs it. */
export interface ProbeAnswer {
  /** 24 hexadecimal digits. */
  readonly id: string;
  /** Reflexive endpoint, `ADDRESS:PORT`. */
  readonly reflexive: string;
}

const COOKIE = 0x2112a442;

/** A Binding request, and its transaction ID; `change` asks for an answer from another address or port. */
export function probeRequest(
  change?: { address: boolean; port: boolean },
): { id: string; bytes: Uint8Array } {
  const id = crypto.getRandomValues(new Uint8Array(12));
  const bytes = new Uint8Array(change ? 28 : 20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 1);
  view.setUint16(2, change ? 8 : 0);
  view.setUint32(4, COOKIE);
  bytes.set(id, 8);
  if (change) {
    view.setUint16(20, 3);
    view.setUint16(22, 4);
    view.setUint32(24, (change.address ? 4 : 0) | (change.port ? 2 : 0));
  }
  return { id: id.toHex(), bytes };
}

/** Reads the IPv4 XOR-MAPPED-ADDRESS of a Binding answer; `undefined` if these bytes are none. */
export function probeAnswer(data: Uint8Array): ProbeAnswer | undefined {
  if (data.length < 20) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  if (view.getUint16(0) !== 0x0101 || view.getUint32(4) !== COOKIE) return undefined;
  const id = data.slice(8, 20).toHex();
  for (let at = 20; at + 12 <= data.length; at += 4 + ((view.getUint16(at + 2) + 3) & ~3)) {
    if (view.getUint16(at) !== 0x0020 || view.getUint8(at + 5) !== 1) continue;
    const port = view.getUint16(at + 6) ^ (COOKIE >>> 16);
    const address = (view.getUint32(at + 8) ^ COOKIE) >>> 0;
    const text = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
    return { id, reflexive: `${text}:${port}` };
  }
  return undefined;
}
