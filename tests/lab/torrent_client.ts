/** Real BitTorrent clients on a lab's host, as a user has them, with one torrent each; without DHT and trackers. */
import { createHash, pbkdf2Sync } from "node:crypto";
import { delay, systemClock } from "../../src/core/clock.ts";
import { inNamespace, runCommand } from "./command.ts";
import { NOBODY } from "./host_service.ts";
import type { Lab } from "./lab.ts";
import { LineProcess } from "./line_process.ts";

/** Which client. */
export type TorrentClientKind = "qbittorrent" | "transmission";

/** Of both clients' web pages. */
export const ACCOUNT = { user: "me", password: "pä:ss&1" } as const;

/**
 * Python that shakes hands as a peer does (BEP 3), `ADDRESS PORT INFO_HASH [HOLD_SECONDS]`, and prints the protocol and
 * info hash that come back, or how it was turned away.
 */
export const HANDSHAKE: string = `
import socket, sys, time
host, port, info = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3])
answer = b""
try:
    peer = socket.create_connection((host, port), timeout=3)
    peer.sendall(bytes([19]) + b"BitTorrent protocol" + bytes(8) + info + b"-PH0001-strangers...")
    while len(answer) < 68:
        data = peer.recv(68 - len(answer))
        if not data:
            break
        answer += data
    time.sleep(float(sys.argv[4]) if len(sys.argv) > 4 else 0)
except OSError as error:
    print(error)
print(answer[1:20].decode("latin-1"), answer[28:48].hex())
`;

const WEB_PORTS = { qbittorrent: 18_080, transmission: 19_091 } as const;
/** What they listen on until somebody tells them another one. */
const FIRST_PORT = 6881;
const START_LIMIT_MS = 20_000;
const CONTENT = new TextEncoder().encode("porthole\n".repeat(2000));

/** A running client that seeds one private torrent. Disposing ends it. */
export class TorrentClient implements AsyncDisposable {
  /** Of the torrent, in hexadecimal digits. */
  readonly infoHash: string;
  readonly #lab: Lab;
  readonly #kind: TorrentClientKind;
  readonly #folder: string;
  readonly #process: LineProcess;

  private constructor(lab: Lab, kind: TorrentClientKind) {
    this.#lab = lab;
    this.#kind = kind;
    this.#folder = `${lab.folder}/${kind}`;
    const { torrent, infoHash } = makeTorrent();
    this.infoHash = infoHash;
    Deno.mkdirSync(`${this.#folder}/data`, { recursive: true });
    Deno.writeFileSync(`${this.#folder}/data/content`, CONTENT);
    Deno.writeFileSync(`${this.#folder}/content.torrent`, torrent);
    const line = kind === "qbittorrent" ? prepareQbittorrent(this.#folder) : transmission(this.#folder);
    runSync(["chown", "-R", `${NOBODY}:${NOBODY}`, this.#folder]);
    const user = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
    this.#process = LineProcess.start(inNamespace(lab.names.host, [...user, ...line]), {
      env: { HOME: this.#folder },
    });
  }

  /**
   * Starts a client and gives it the torrent.
   *
   * @throws {Error} If it does not get ready.
   */
  static async start(lab: Lab, kind: TorrentClientKind): Promise<TorrentClient> {
    const client = new TorrentClient(lab, kind);
    try {
      await client.untilListening(client.webPort);
      await client.#addTorrent();
      await client.#untilSeeding();
      return client;
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Of its web page. */
  get webPort(): number {
    return WEB_PORTS[this.#kind];
  }

  /** Whether it listens on a TCP port. */
  async listensOn(port: number): Promise<boolean> {
    const command = ["ss", "-Hltn", `sport = :${port}`];
    return (await runCommand(inNamespace(this.#lab.names.host, command))).trim() !== "";
  }

  /** What a peer's handshake is answered with, as {@linkcode HANDSHAKE} prints it. */
  get greeting(): string {
    return `BitTorrent protocol ${this.infoHash}`;
  }

  /**
   * Waits until it listens on a port: it says yes to a new one before it does.
   *
   * @throws {Error} If it does not within 20 s.
   */
  async untilListening(port: number): Promise<void> {
    const start = performance.now();
    while (!await this.listensOn(port)) {
      if (this.#process.status || performance.now() - start > START_LIMIT_MS) {
        const said = this.#process.errorLines.join(" ") || "too slow";
        throw new Error(`Cannot start ${this.#kind}: nothing listens on port ${port}: ${said}`);
      }
      await delay(systemClock, 50, this.#lab.signal);
    }
  }

  /** A torrent that was only just added is unknown to peers for a moment. */
  async #untilSeeding(): Promise<void> {
    const command = ["/usr/bin/python3", "-c", HANDSHAKE, "127.0.0.1", `${FIRST_PORT}`, this.infoHash];
    const start = performance.now();
    for (;;) {
      const answer = (await this.#lab.exec("host", command)).trim();
      if (answer === this.greeting) return;
      if (performance.now() - start > START_LIMIT_MS) {
        throw new Error(`Cannot start ${this.#kind}: it does not seed: ${answer}`);
      }
      await delay(systemClock, 100, this.#lab.signal);
    }
  }

  async #addTorrent(): Promise<void> {
    const url = `http://127.0.0.1:${this.webPort}`;
    const curl = (...args: readonly string[]): Promise<string> =>
      this.#lab.exec("host", ["curl", "-sS", "--max-time", "10", ...args]);
    const { user, password } = ACCOUNT;
    if (this.#kind === "qbittorrent") {
      const jar = `${this.#folder}/cookies`;
      const form = ["--data-urlencode", `username=${user}`, "--data-urlencode", `password=${password}`];
      await curl("-c", jar, "-H", `Referer: ${url}`, ...form, `${url}/api/v2/auth/login`);
      const fields = [`torrents=@${this.#folder}/content.torrent`, `savepath=${this.#folder}/data`];
      const parts = [...fields, "skip_checking=true"].flatMap((field) => ["-F", field]);
      await curl("-f", "-b", jar, "-H", `Referer: ${url}`, ...parts, `${url}/api/v2/torrents/add`);
      return;
    }
    const rpc = ["-u", `${user}:${password}`, `${url}/transmission/rpc`];
    const id = /^x-transmission-session-id:.*$/im.exec(await curl("-i", ...rpc))?.[0].trim() ?? "";
    const metainfo = Deno.readFileSync(`${this.#folder}/content.torrent`).toBase64();
    const request = { method: "torrent-add", arguments: { metainfo } };
    const answer = await curl("-H", id, "-d", JSON.stringify(request), ...rpc);
    if (!answer.includes('"success"')) throw new Error(`Cannot add the torrent: ${answer}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

/** Bencoded (BEP 3), private (BEP 27): no DHT, no peer exchange; no tracker. */
function makeTorrent(): { readonly torrent: Uint8Array; readonly infoHash: string } {
  const text = new TextEncoder();
  const pieces = createHash("sha1").update(CONTENT).digest();
  const head = `d6:lengthi${CONTENT.length}e4:name7:content12:piece lengthi32768e6:pieces20:`;
  const info = [text.encode(head), pieces, text.encode("7:privatei1ee")];
  const bytes = new Uint8Array(info.flatMap((part) => [...part]));
  const torrent = new Uint8Array([...text.encode("d4:info"), ...bytes, ...text.encode("e")]);
  return { torrent, infoHash: createHash("sha1").update(bytes).digest("hex") };
}

/** Writes its settings; a password of its own, as newer versions invent one at each start. */
function prepareQbittorrent(folder: string): readonly string[] {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const key = new Uint8Array(pbkdf2Sync(ACCOUNT.password, salt, 100_000, 64, "sha512"));
  const settings = `[BitTorrent]
Session\\DHTEnabled=false
Session\\LSDEnabled=false
Session\\PeXEnabled=false
Session\\Port=${FIRST_PORT}
[LegalNotice]
Accepted=true
[Network]
PortForwardingEnabled=false
[Preferences]
WebUI\\Address=127.0.0.1
WebUI\\LocalHostAuth=true
WebUI\\Password_PBKDF2="@ByteArray(${salt.toBase64()}:${key.toBase64()})"
WebUI\\Port=${WEB_PORTS.qbittorrent}
WebUI\\UseUPnP=false
WebUI\\Username=${ACCOUNT.user}
`;
  Deno.mkdirSync(`${folder}/qBittorrent/config`, { recursive: true });
  Deno.writeTextFileSync(`${folder}/qBittorrent/config/qBittorrent.conf`, settings);
  return ["qbittorrent-nox", `--profile=${folder}`];
}

function transmission(folder: string): readonly string[] {
  return [
    ...["transmission-daemon", "-f", "-g", folder, "-w", `${folder}/data`],
    ...["--no-dht", "--no-lpd", "--no-utp", "--no-portmap", "-P", `${FIRST_PORT}`],
    ...["-r", "127.0.0.1", "-p", `${WEB_PORTS.transmission}`],
    ...["--auth", "-u", ACCOUNT.user, "-v", ACCOUNT.password],
  ];
}

function runSync([program = "", ...args]: readonly string[]): void {
  const { success, stderr } = new Deno.Command(program, { args }).outputSync();
  if (!success) throw new Error(`Cannot run ${program}: ${new TextDecoder().decode(stderr)}`);
}
