import assert from "node:assert/strict";
import { ClientLines } from "../../../src/cli/client_lines.ts";
import { eventToLines } from "../../../src/cli/event_line.ts";
import { Output } from "../../../src/cli/output.ts";
import type { Session } from "../../../src/cli/session.ts";
import type { ClientEvent } from "../../../src/core/mapping.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { textsOf } from "../../../src/text/texts.ts";
import { FakeClock } from "../../fakes/fake_clock.ts";

const texts = textsOf("en");
const at = new Date(2026, 10, 21, 2, 3, 4);
const base = { event: "client", name: "web", protocol: "tcp", at } as const;
const client = { address: "198.51.100.7", port: 51234 };
const local = { address: "192.168.1.2", port: 40000 };
const target = { address: "192.168.1.9", port: 22 };

Deno.test("eventToLines() tells of clients in words", () => {
  const time = "2026-11-21 02:03:04  tcp  198.51.100.7:51234  ";
  const closed = {
    ...base,
    state: "closed",
    client,
    bytesIn: 999,
    bytesOut: 1_234_567,
    durationMs: 420,
  } as const;
  const cases: readonly (readonly [ClientEvent, string])[] = [
    [{ ...base, state: "opened", client, local, target }, "client came: 192.168.1.2:40000 -> 192.168.1.9:22"],
    [{ ...base, state: "opened", client }, "client came: -"],
    [{ ...closed, reason: "eof" }, "client went: finished; 999 B in, 1.23 MB out, 0.4 s"],
    [{ ...closed, reason: "EIO", bytesOut: 999_600 }, "client went: EIO; 999 B in, 1 MB out, 0.4 s"],
    [{ ...closed, reason: "idle", durationMs: 300_000 }, "client went: idle; 999 B in, 1.23 MB out, 5 min"],
    [
      { ...closed, reason: "toString", durationMs: 9e6 },
      "client went: toString; 999 B in, 1.23 MB out, 2.5 h",
    ],
    [{ ...base, state: "refused", client, reason: "full" }, "client refused: too many clients"],
  ];
  for (const [event, want] of cases) assert.deepEqual(eventToLines(event, { texts }), [time + want]);
});

async function linesOf({ isJson }: { isJson: boolean }): Promise<{ out: string[]; log: string[] }> {
  let written = "";
  const output = new Output({
    sink: {
      write: (bytes) => {
        written += new TextDecoder().decode(bytes);
        return Promise.resolve(bytes.length);
      },
    },
  });
  const log: string[] = [];
  const session: Session = {
    texts,
    isJson,
    output,
    log: { ...silentLogger, info: (message) => void log.push(message) },
    signal: new AbortController().signal,
  };
  const lines = new ClientLines(session, new FakeClock(at));
  for (let i = 0; i < 30; i++) lines.note({ ...base, state: "refused", client, reason: "denied" });
  lines.note({ ...base, name: "other", state: "refused", client, reason: "denied" });
  lines[Symbol.dispose]();
  await output.flush();
  return { out: written.split("\n").slice(0, -1), log };
}

Deno.test("ClientLines writes few lines per tunnel for people, and how many it left out", async () => {
  const { out, log } = await linesOf({ isJson: false });
  assert.equal(out.length, 12);
  assert.match(out[10] ?? "", /client refused: denied$/);
  assert.equal(out[11], "2026-11-21 02:03:04  tcp  20 more lines about clients not shown");
  assert.deepEqual(log, []);
});

Deno.test("ClientLines writes to the log where stdout has the events as JSON", async () => {
  const { out, log } = await linesOf({ isJson: true });
  assert.deepEqual(out, []);
  assert.equal(log.length, 12);
  assert.equal(log.at(-1), "20 more lines about clients not shown");
});
