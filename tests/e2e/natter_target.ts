import type { Endpoint } from "../../src/core/endpoint.ts";

/** A service behind the mapping: it answers a page, and bears that port checks come and go. */
export interface NatterTarget extends AsyncDisposable {
  readonly local: Endpoint;
}

const PAGE = "HTTP/1.0 200 OK\r\n\r\ntarget says hello";

/** Opens a target; port 0 takes any. */
export function openNatterTarget(listen: Endpoint): NatterTarget {
  const listener = Deno.listen({ hostname: listen.address, port: listen.port });
  const visits = new Set<Promise<void>>();
  let isClosed = false;
  const accepting = (async (): Promise<void> => {
    while (!isClosed) {
      try {
        const visit = greet(await listener.accept()).finally(() => visits.delete(visit));
        visits.add(visit);
      } catch (error) {
        // ENOTCONN: whoever only looked whether it is open may be gone again.
        if (!isClosed && !(error instanceof Deno.errors.NotConnected)) throw error;
      }
    }
  })();
  return {
    local: { address: listen.address, port: listener.addr.port },
    async [Symbol.asyncDispose](): Promise<void> {
      isClosed = true;
      listener.close();
      await accepting;
      await Promise.all(visits);
    },
  };
}

async function greet(conn: Deno.TcpConn): Promise<void> {
  try {
    if (await conn.read(new Uint8Array(4096)) !== null) await conn.write(new TextEncoder().encode(PAGE));
  } catch {
    // A port check resets what it opened.
  } finally {
    conn.close();
  }
}
