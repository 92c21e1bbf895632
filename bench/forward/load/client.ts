/**
 * `client.ts`: makes load. Requests come as JSON lines on standard input, reports go out on standard output; one
 * at a time, as everything in here blocks.
 */
import { TextLineStream } from "../../../tests/lab/text_lines.ts";
import { blast } from "./blast.ts";
import type { ClientReply, ClientRequest, Loads } from "./client_protocol.ts";
import { askCounts } from "./counts.ts";
import { sendDatagrams } from "./datagrams.ts";
import { ask, GATES } from "./gates.ts";
import { ping } from "./ping.ts";
import { IdleConnections, storm } from "./storm.ts";
import { WANTED } from "./wanted.ts";

const idle = new IdleConnections();

const LOADS: Loads = {
  blast,
  ping,
  storm,
  hold: (options) => idle.hold(options),
  release: () => idle.release(),
  sendDatagrams,
  counts: ({ targetPort }) => askCounts(targetPort),
  countDatagrams: ({ targetPort }) => ask(targetPort, WANTED.datagramCount),
  gate: ({ name, ...ports }) => GATES[name](ports),
};

function reply({ load, options }: ClientRequest): ClientReply {
  try {
    return { value: (LOADS[load] as (options: unknown) => unknown)(options) ?? null };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

async function serve(): Promise<void> {
  const encoder = new TextEncoder();
  for await (const line of Deno.stdin.readable.pipeThrough(new TextLineStream())) {
    Deno.stdout.writeSync(encoder.encode(`${JSON.stringify(reply(JSON.parse(line)))}\n`));
  }
  Deno.exit(0);
}

if (import.meta.main) serve();
