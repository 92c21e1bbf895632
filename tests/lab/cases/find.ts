/**
 * The client side against the whole story: porthole on the host publishes to BIND, and a visitor who knows nothing but
 * the name finds it, through a cache that holds the old records.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { CASE_PORT } from "../addresses.ts";
import { inNamespace } from "../command.ts";
import type { CaseContext, LabCase, Measure } from "../lab_case.ts";
import { LineProcess } from "../line_process.ts";
import { LabNameServer, NAME_SERVER, TSIG, ZONE } from "../name_servers.ts";
import { Porthole } from "../porthole.ts";
import { SSH_TARGET, SshServer } from "../ssh_server.ts";
import { visit } from "../visits.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;
const PORTHOLE = [Deno.execPath(), "run", "-A", "--cached-only", MAIN];
const NAME = `home.${ZONE}`;
/** The visitor's own resolver, which caches. */
const RESOLVER = "127.0.0.1:5300";
const COPY_BYTES = 64 * 1024 * 1024;
const MAP_LIMIT_MS = 20_000;
/** From the restart until somebody is served under the same name. */
const RECOVERY_LIMIT_MS = 30_000;

/** What the visitor's resolver holds stays for a minute, longer than anything here takes. */
const RECORDS = [{ type: "A", name: "home" }, { type: "TXT", name: "home", pot: "svc" }];

interface Scene extends AsyncDisposable {
  readonly porthole: Porthole;
}

/** A name server, a tunnel that publishes, and the visitor's resolver. */
async function openScene(context: CaseContext, tunnel: Readonly<Record<string, unknown>>): Promise<Scene> {
  const { lab, protocol } = context;
  await using rollback = new AsyncDisposableStack();
  rollback.use(await LabNameServer.start(lab, "bind"));
  rollback.use(
    LineProcess.start(inNamespace(lab.names.visitor, await cachingResolver(`${lab.folder}/cache`))),
  );
  const publish = [{ provider: "rfc2136", server: NAME_SERVER, zone: ZONE, ...TSIG, records: RECORDS }];
  const porthole = rollback.use(Porthole.startService(lab, {
    file: `${lab.folder}/porthole.json`,
    socket: `${lab.folder}/porthole.sock`,
    config: { tunnels: [{ name: "svc", protocol, bind: CASE_PORT, publish, ...tunnel }] },
  }));
  await untilPublished(porthole, 0);
  const stack = rollback.move();
  return { porthole, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** A BIND that knows nothing itself; dnsmasq of Debian 12 does not cache TXT. */
async function cachingResolver(folder: string): Promise<readonly string[]> {
  await Deno.mkdir(folder);
  const [address = "", port = ""] = RESOLVER.split(":");
  await Deno.writeTextFile(
    `${folder}/named.conf`,
    `options {
  directory "${folder}"; pid-file none; session-keyfile "${folder}/session.key"; dnssec-validation no;
  listen-on port ${port} { ${address}; }; listen-on-v6 { none; };
  recursion yes; forward only; forwarders { ${NAME_SERVER}; };
};
controls {};
`,
  );
  return ["named", "-g", "-c", `${folder}/named.conf`];
}

async function untilPublished(porthole: Porthole, since: number): Promise<void> {
  const { event } = await porthole.waitFor(["published", "publish-failed"], MAP_LIMIT_MS, since);
  if (event !== "published") throw porthole.failure("it was not published");
}

/** Runs a command of the visitor to its end. */
async function visitor(
  { lab }: CaseContext,
  commandLine: readonly string[],
  input: Uint8Array = new Uint8Array(),
): Promise<{ readonly code: number; readonly stdout: Uint8Array; readonly stderr: string }> {
  const [program = "", ...args] = inNamespace(lab.names.visitor, commandLine);
  const child = new Deno.Command(program, {
    ...{ args, stdin: "piped", stdout: "piped", stderr: "piped", signal: lab.signal },
    env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", LANG: "C.UTF-8" },
  }).spawn();
  const feeding = new Response(input.slice()).body?.pipeTo(child.stdin).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  await feeding;
  return { code, stdout, stderr: new TextDecoder().decode(stderr) };
}

function resolveArgs(service: string): readonly string[] {
  return [NAME, "--service", service, "--server", RESOLVER];
}

async function resolved(context: CaseContext, service: string): Promise<string> {
  const { code, stdout, stderr } = await visitor(context, [...PORTHOLE, "resolve", ...resolveArgs(service)]);
  assert.equal(code, 0, stderr);
  return new TextDecoder().decode(stdout).trim();
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function sshCopies(context: CaseContext): Promise<Measure> {
  const { lab } = context;
  await using ssh = await SshServer.start(lab);
  await using scene = await openScene(context, { forward: { target: SSH_TARGET } });
  const { porthole } = scene;
  const proxy = [...PORTHOLE, "connect", "%h", "--service", "svc_tcp", "--server", RESOLVER].join(" ");
  const run = async (command: string, input?: Uint8Array): Promise<Uint8Array> => {
    const { code, stdout, stderr } = await visitor(context, ssh.client(NAME, { proxy, run: command }), input);
    if (code !== 0 || stderr !== "") throw porthole.failure(`ssh ended with ${code}: ${stderr}`);
    return stdout;
  };
  const sent = new Uint8Array(COPY_BYTES);
  for (let at = 0; at < sent.length; at += 65_536) crypto.getRandomValues(sent.subarray(at, at + 65_536));
  const started = performance.now();
  const there = new TextDecoder().decode(await run(`tee ${lab.folder}/copy | sha256sum`, sent)).split(" ")[0];
  assert.equal(there, sha256(sent), "what the host got");
  assert.equal(sha256(await run(`cat ${lab.folder}/copy`)), sha256(sent), "what came back");
  const seconds = (performance.now() - started) / 1000;
  // The resolver's records are a minute old by now at most; the mapping moves below them.
  const since = performance.now();
  await lab.restartNat();
  await untilPublished(porthole, since);
  assert.notEqual(await resolved(context, "svc_tcp"), porthole.external, "the cache holds the old endpoint");
  assert.equal(new TextDecoder().decode(await run("echo still here")), "still here\n");
  return { seconds, note: "64 MiB there and back by ssh; then connected past a stale cache" };
}

/** `porthole access` of the visitor. */
class AccessProcess implements AsyncDisposable {
  readonly events: Readonly<Record<string, string>>[] = [];
  readonly #process: LineProcess;

  constructor({ lab, protocol }: CaseContext, listen: string) {
    const args = ["access", ...resolveArgs(`svc_${protocol}`), "--listen", listen, "--json"];
    this.#process = LineProcess.start(inNamespace(lab.names.visitor, [...PORTHOLE, ...args]), {
      env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", LANG: "C.UTF-8" },
      onLine: (line) => this.events.push(JSON.parse(line)),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

async function accessFollows(context: CaseContext): Promise<Measure> {
  const { lab } = context;
  await using scene = await openScene(context, { test: true });
  const { porthole } = scene;
  const listen = "127.0.0.1:8088";
  await using access = new AccessProcess(context, listen);
  const served = async (limitMs: number, since = performance.now()): Promise<number> => {
    for (;;) {
      const report = await visit(context, listen, { timeoutMs: 6000 });
      if (report.served === 1) return (performance.now() - since) / 1000;
      if (performance.now() > since + limitMs) {
        throw porthole.failure(`no visitor was served: ${report.error} ${JSON.stringify(access.events)}`);
      }
      await context.pause(100);
    }
  };
  await served(MAP_LIMIT_MS);
  const before = porthole.external;
  const since = performance.now();
  await lab.restartNat();
  const seconds = await served(RECOVERY_LIMIT_MS, since);
  const moved = access.events.find(({ event }) => event === "moved");
  assert.deepEqual([moved?.["previous"], moved?.["endpoint"]], [before, porthole.external]);
  return { seconds, note: "restart to served under the same name, past a cache of a minute" };
}

/** Cases of this file. */
export const find: readonly LabCase[] = [
  {
    name: "ssh copies 64 MiB through connect",
    run: sshCopies,
    protocols: ["tcp" as const],
    expectedSeconds: 15,
  },
  {
    name: "access follows a NAT restart",
    run: accessFollows,
    protocols: ["tcp", "udp"] as const,
    expectedSeconds: 12,
  },
].map((entry) => ({ ...entry, profile: "full-cone" }));
