/** BitTorrent clients whose listening port follows the external one: strangers get through to them. */
import assert from "node:assert/strict";
import { CASE_PORT, VISITOR } from "../addresses.ts";
import type { CaseContext, LabCase, Measure } from "../lab_case.ts";
import { Porthole } from "../porthole.ts";
import { ACCOUNT, HANDSHAKE, TorrentClient, type TorrentClientKind } from "../torrent_client.ts";

const MAP_LIMIT_MS = 15_000;
const RECOVERY_LIMIT_MS = 15_000;
/**
 * Peers come again. Through the relay all of them have the address 127.0.0.1, and clients turn a second one away as
 * long as they have not noticed that the first one went, for which Transmission takes half a second.
 */
const GREETING_LIMIT_MS = 5_000;

type Method = "relay" | "nftables";

/** A stranger's handshake, again until it is answered. */
async function assertGreeted(context: CaseContext, external: string, client: TorrentClient): Promise<void> {
  const end = performance.now() + GREETING_LIMIT_MS;
  const [host = "", port = ""] = external.split(":");
  const command = ["/usr/bin/python3", "-c", HANDSHAKE, host, port, client.infoHash];
  for (;;) {
    const answer = await context.lab.exec("visitor", command);
    if (answer.trim() === client.greeting) return;
    if (performance.now() > end) throw new Error(`Cannot shake hands at ${external}: ${answer}`);
    await context.pause(100);
  }
}

/** With whom the client has a connection on a port while a stranger holds one. */
async function assertSeenAsVisitor(
  { lab, pause }: CaseContext,
  external: string,
  client: TorrentClient,
): Promise<void> {
  const [host = "", port = ""] = external.split(":");
  const command = ["/usr/bin/python3", "-c", HANDSHAKE, host, port, client.infoHash, "2"];
  let isOver = false;
  const holding = lab.exec("visitor", command).finally(() => isOver = true);
  let peers = "";
  while (!isOver && !peers.includes(`${VISITOR}:`)) {
    peers = await lab.exec("host", ["ss", "-Htn", `sport = :${port}`]);
    await pause(50);
  }
  await holding;
  assert.ok(peers.includes(`${VISITOR}:`), `the client sees who it is: ${peers}`);
}

function startFor(
  { lab }: CaseContext,
  client: TorrentClient,
  { method = "relay", ...publish }: Readonly<Record<string, unknown>> & { readonly method?: Method },
): Porthole {
  return Porthole.startService(lab, {
    file: `${lab.folder}/porthole.json`,
    socket: `${lab.folder}/porthole.sock`,
    config: {
      tunnels: [{
        name: "bt",
        bind: CASE_PORT,
        // The port that the world sees, which the client listens on.
        forward: { target: "127.0.0.1:0", method },
        publish: [{ url: `http://127.0.0.1:${client.webPort}`, ...ACCOUNT, ...publish }],
      }],
    },
  });
}

function portOf(external = ""): number {
  return Number(external.split(":")[1]);
}

async function follows(context: CaseContext, kind: TorrentClientKind, method: Method): Promise<Measure> {
  const { lab } = context;
  await using client = await TorrentClient.start(lab, kind);
  await using porthole = startFor(context, client, { provider: kind, method });
  const first = await porthole.waitFor(["published", "publish-failed"], MAP_LIMIT_MS);
  if (first.event !== "published") throw porthole.failure("it was not published");
  const before = first.external ?? "";
  assert.equal(before, lab.externalOf(CASE_PORT));
  await client.untilListening(portOf(before));
  await assertGreeted(context, before, client);
  const since = performance.now();
  await lab.restartNat();
  const second = await porthole.waitFor("published", RECOVERY_LIMIT_MS, since);
  const after = second.external ?? "";
  assert.equal(after, lab.externalOf(CASE_PORT));
  assert.notEqual(portOf(after), portOf(before));
  await assertGreeted(context, after, client);
  const seconds = (performance.now() - since) / 1000;
  assert.ok(await client.listensOn(portOf(after)));
  assert.ok(!await client.listensOn(portOf(before)), `${kind} has left the old port`);
  if (method === "nftables") await assertSeenAsVisitor(context, after, client);
  return { seconds, note: "NAT restart to a peer's handshake" };
}

async function saysWrongPassword(context: CaseContext, kind: TorrentClientKind): Promise<Measure> {
  await using client = await TorrentClient.start(context.lab, kind);
  await using porthole = startFor(context, client, { provider: kind, password: "hunter2" });
  const { reason } = await porthole.waitFor(["published", "publish-failed"], MAP_LIMIT_MS);
  assert.equal(reason, "wrong user or password");
  const { external = "" } = await porthole.waitFor("mapped", MAP_LIMIT_MS);
  assert.ok(!await client.listensOn(portOf(external)), "nothing was changed");
  const shown = [...porthole.logLines, ...porthole.events.map((event) => JSON.stringify(event))].join("\n");
  assert.ok(!shown.includes("hunter2"), "the password is nowhere");
  const events = porthole.events.map(({ event }) => event);
  assert.ok(!events.some((event) => ["lost", "stopped"].includes(event)), events.join(" "));
  return { note: "one publish-failed, the mapping stays" };
}

const KINDS: readonly TorrentClientKind[] = ["qbittorrent", "transmission"];

/** Cases of this file. */
export const torrent: readonly LabCase[] = KINDS.flatMap((kind): readonly LabCase[] => {
  const common = { profile: "full-cone", protocols: ["tcp"], expectedSeconds: 10 } as const;
  return [
    ...(["relay", "nftables"] as const).map((method): LabCase => ({
      ...common,
      name: `${kind} listens on the public port (${method})`,
      run: (context) => follows(context, kind, method),
    })),
    { ...common, name: `${kind} with a wrong password`, run: (context) => saysWrongPassword(context, kind) },
  ];
});
