/** Real services on a lab's host, as a user has them: started by the test, owned by other users. */
import { delay, systemClock } from "../../src/core/clock.ts";
import type { Protocol } from "../../src/core/mapping.ts";
import { CASE_PORT } from "./addresses.ts";
import { inNamespace, runCommand } from "./command.ts";
import type { Lab } from "./lab.ts";
import { LineProcess } from "./line_process.ts";

/** Which service. */
export type ServiceKind =
  /** Master of root, workers of www-data, one socket for all. */
  | "nginx"
  /** The same with `reuseport`: one socket for each worker, which they share of themselves. */
  | "nginx reuseport"
  /** `python3 -m http.server` of nobody; sets SO_REUSEADDR, as most servers do. */
  | "http.server"
  /** A listener of nobody on `[::]` (both IP versions) that sets no option at all. */
  | "plain listener"
  /** Socket of root, process of nobody. */
  | "dnsmasq"
  /** A UDP socket of nobody that sets no option at all. */
  | "plain datagrams";

/** What a port is to others. */
export type PortState = "shareable" | "exclusive";

/** What every visitor gets from a service over TCP, and from a plain one over UDP. */
export const SERVICE_TEXT = "a service of its own";
/** The user `nobody`. */
export const NOBODY = 65_534;

// Not whatever "python3" is on PATH: nobody must be able to read it.
const PYTHON = "/usr/bin/python3";
const AS_NOBODY = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
/** What dnsmasq answers for `lab.test`. */
const DNS_ANSWER = "192.0.2.77";
const START_LIMIT_MS = 15_000;

const PLAIN_LISTENER = `
import socket, threading
answer = b"HTTP/1.1 200 OK\\r\\nContent-Length: ${SERVICE_TEXT.length}\\r\\n\\r\\n${SERVICE_TEXT}"
listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
listener.bind(("::", ${CASE_PORT}))
listener.listen(256)
def serve(connection):
    with connection:
        while connection.recv(4096):
            connection.sendall(answer)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
`;
const PLAIN_DATAGRAMS = `
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("0.0.0.0", ${CASE_PORT}))
while True:
    server.sendto(b"${SERVICE_TEXT}", server.recvfrom(2048)[1])
`;
const TRY_BIND = `
import socket, sys
kind = socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM
socket_ = socket.socket(socket.AF_INET, kind)
socket_.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
socket_.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
try:
    socket_.bind((sys.argv[2], ${CASE_PORT}))
    print("bound")
except OSError:
    print("refused")
`;

/** A running service on {@linkcode CASE_PORT} of a lab's host. Disposing ends it. */
export class HostService implements AsyncDisposable {
  readonly protocol: Protocol;
  /** Whose its sockets are. */
  readonly uid: number;
  readonly #lab: Lab;
  readonly #process: LineProcess;

  private constructor(lab: Lab, kind: ServiceKind) {
    this.#lab = lab;
    this.protocol = kind === "dnsmasq" || kind === "plain datagrams" ? "udp" : "tcp";
    this.uid = kind === "dnsmasq" || kind.startsWith("nginx") ? 0 : NOBODY;
    this.#process = LineProcess.start(inNamespace(lab.names.host, commandLine(kind, lab.folder)));
  }

  /**
   * Starts a service and waits until it has its port.
   *
   * @throws {Error} If it does not get it.
   */
  static async start(lab: Lab, kind: ServiceKind): Promise<HostService> {
    const service = new HostService(lab, kind);
    try {
      await service.#listening();
      return service;
    } catch (error) {
      await service[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Open descriptors of all its processes, in the order of their numbers. */
  async descriptors(): Promise<readonly number[]> {
    const pids = await familyOfProcess(this.#process.pid);
    return pids.map((pid) => descriptorsOf(pid).length);
  }

  /** What its processes and another one have open in common, sockets only. */
  async socketsSharedWith(pid: number): Promise<readonly string[]> {
    const theirs = new Set((await familyOfProcess(this.#process.pid)).flatMap(descriptorsOf));
    return descriptorsOf(pid).filter((link) => link.startsWith("socket:") && theirs.has(link));
  }

  /**
   * Whether a second socket of its own user, that shares as well as it can, may bind the port now. For an address that
   * was shared once the kernel remembers it for this user, as long as the service has the port.
   */
  async port(address = "0.0.0.0"): Promise<PortState> {
    const user = ["setpriv", `--reuid=${this.uid}`, "--clear-groups"];
    const attempt = [...user, PYTHON, "-c", TRY_BIND, this.protocol, address];
    return (await this.#lab.exec("host", attempt)).trim() === "bound" ? "shareable" : "exclusive";
  }

  async #listening(): Promise<void> {
    const flags = this.protocol === "tcp" ? "-Hltn" : "-Hlun";
    const start = performance.now();
    for (;;) {
      const seen = await runCommand(
        inNamespace(this.#lab.names.host, ["ss", flags, `sport = :${CASE_PORT}`]),
      );
      // Our own sockets on the port may be listed too; over TCP they never listen, over UDP they are connected.
      if (seen.split("\n").some((line) => /^(LISTEN|UNCONN)/.test(line))) return;
      if (this.#process.status || performance.now() - start > START_LIMIT_MS) {
        throw new Error(`Cannot start the service: ${this.#process.errorLines.join(" ") || "too slow"}`);
      }
      await delay(systemClock, 30, this.#lab.signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

/** A datagram for a service over UDP, and what its answer holds, in hexadecimal digits. */
export function datagramFor(kind: ServiceKind): { readonly payload: string; readonly expected: string } {
  const hex = (text: string): string => new TextEncoder().encode(text).toHex();
  if (kind !== "dnsmasq") return { payload: hex("hello"), expected: hex(SERVICE_TEXT) };
  const header = "424201000001000000000000";
  const question = `03${hex("lab")}04${hex("test")}0000010001`;
  const address = DNS_ANSWER.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0")).join("");
  return { payload: header + question, expected: address };
}

/** What the open descriptors of a process mean, as its links in /proc say. */
export function descriptorsOf(pid: number): readonly string[] {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].flatMap(({ name }) => {
    try {
      return [Deno.readLinkSync(`/proc/${pid}/fd/${name}`)];
    } catch {
      return []; // closed since
    }
  });
}

/** A process and its children. */
async function familyOfProcess(pid: number): Promise<readonly number[]> {
  const children = await runCommand(["ps", "-o", "pid=", "--ppid", `${pid}`]).catch(() => "");
  return [pid, ...children.split("\n").filter((line) => line.trim() !== "").map(Number)];
}

function commandLine(kind: ServiceKind, folder: string): readonly string[] {
  switch (kind) {
    case "nginx":
    case "nginx reuseport": {
      const file = `${folder}/service.conf`;
      Deno.writeTextFileSync(file, nginxConfiguration(folder, kind === "nginx" ? "" : " reuseport"));
      return ["nginx", "-e", `${folder}/service.log`, "-c", file];
    }
    case "http.server": {
      const root = `${folder}/www`;
      Deno.mkdirSync(root, { recursive: true });
      Deno.writeTextFileSync(`${root}/index.html`, SERVICE_TEXT);
      return [...AS_NOBODY, PYTHON, "-m", "http.server", `${CASE_PORT}`, "--directory", root];
    }
    case "plain listener":
      return [...AS_NOBODY, PYTHON, "-c", PLAIN_LISTENER];
    case "plain datagrams":
      return [...AS_NOBODY, PYTHON, "-c", PLAIN_DATAGRAMS];
    case "dnsmasq":
      return [
        ...["dnsmasq", "-k", `--port=${CASE_PORT}`, "--user=nobody", "--conf-file=/dev/null", "--pid-file="],
        ...["--no-resolv", "--no-hosts", "--log-facility=-", `--address=/lab.test/${DNS_ANSWER}`],
      ];
  }
}

function nginxConfiguration(folder: string, flag: string): string {
  return `daemon off; user www-data; worker_processes 2; pid ${folder}/service.pid;
events { worker_connections 512; }
http {
  access_log off; client_body_temp_path ${folder}/s-body; proxy_temp_path ${folder}/s-proxy;
  fastcgi_temp_path ${folder}/s-fastcgi; uwsgi_temp_path ${folder}/s-uwsgi; scgi_temp_path ${folder}/s-scgi;
  server { listen ${CASE_PORT}${flag}; location / { return 200 "${SERVICE_TEXT}"; } }
}
`;
}
