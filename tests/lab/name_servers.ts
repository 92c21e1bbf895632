/** Real name servers in a lab's internet, in charge of one zone that porthole may change. */
import { delay, systemClock } from "../../src/core/clock.ts";
import { inNamespace, runCommand } from "./command.ts";
import type { Lab } from "./lab.ts";
import { LineProcess } from "./line_process.ts";

/** Which server. */
export type NameServerKind = "bind" | "knot" | "powerdns";

/** Where it serves. */
export const NAME_SERVER = "198.51.100.53";
/** Its zone. */
export const ZONE = "example.test";
/** What the zone has from the start, besides SOA and NS: not porthole's. */
export const FOREIGN: readonly string[] = [
  `${ZONE}. 60 TXT "v=spf1 -all"`,
  `ns.${ZONE}. 60 A ${NAME_SERVER}`,
  `direct.${ZONE}. 60 TXT "keep me"`,
  `taken.${ZONE}. 60 TXT "v=spf1 a -all"`,
  `www2.${ZONE}. 60 CNAME ns.${ZONE}.`,
];
/** The TSIG key it knows. */
export const TSIG = {
  key: "porthole-lab",
  secret: "bGFiLXRzaWctc2VjcmV0LWxhYi10c2lnLXNlY3JldDE=",
  algorithm: "hmac-sha256",
} as const;
/** Of the HTTP API of PowerDNS. */
export const API: { readonly url: string; readonly key: string } = {
  url: `http://${NAME_SERVER}:8081`,
  key: "lab-api-key-lab-api-key",
};

const START_LIMIT_MS = 15_000;
const SOA = `${ZONE}. 60 SOA ns.${ZONE}. admin.${ZONE}. 1 3600 600 86400 60`;
const NS = `${ZONE}. 60 NS ns.${ZONE}.`;

/** A running name server. Disposing ends it. */
export class LabNameServer implements AsyncDisposable {
  readonly kind: NameServerKind;
  readonly #lab: Lab;
  readonly #process: LineProcess;

  private constructor(lab: Lab, kind: NameServerKind, commandLine: readonly string[]) {
    this.#lab = lab;
    this.kind = kind;
    this.#process = LineProcess.start(inNamespace(lab.names.internet, commandLine));
  }

  /**
   * Starts a server with a fresh zone and waits until it answers.
   *
   * @throws {Error} If it does not.
   */
  static async start(lab: Lab, kind: NameServerKind): Promise<LabNameServer> {
    const folder = `${lab.folder}/${kind}`;
    Deno.mkdirSync(folder);
    await lab.exec("internet", ["ip", "address", "replace", `${NAME_SERVER}/32`, "dev", "lo"]);
    const server = new LabNameServer(lab, kind, await PREPARE[kind](folder));
    try {
      await server.#untilServing();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What dig says a name has, one line for each record, in order; asked from the visitor's side. */
  async dig(type: string, name: string): Promise<readonly string[]> {
    const output = await this.#dig(["+short", type, name]);
    return output.split("\n").filter((line) => line !== "").sort();
  }

  /** Every record of the zone but SOA and NS, by a transfer inside the server's own machine. */
  async dump(): Promise<readonly string[]> {
    const output = await this.#dig(["+noall", "+answer", "AXFR", ZONE], "internet");
    return output.split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split(/\s+/).filter((word, i) => i !== 2 || word !== "IN").join(" "))
      .filter((line) => !/^\S+ \d+ (SOA|NS) /.test(line))
      .sort();
  }

  /** What the seed's recipe prints: the decoded POT record. */
  pot(name: string): Promise<string> {
    const recipe = `dig @${NAME_SERVER} +tries=1 +time=2 +short -t txt ${name} | tr -d '" ' | base64 -d`;
    return this.#lab.exec("visitor", ["sh", "-c", recipe]);
  }

  /** The last lines it wrote. */
  get lines(): readonly string[] {
    return this.#process.errorLines;
  }

  #dig(args: readonly string[], role: "visitor" | "internet" = "visitor"): Promise<string> {
    return this.#lab.exec(role, ["dig", `@${NAME_SERVER}`, "+tries=1", "+time=2", ...args]);
  }

  async #untilServing(): Promise<void> {
    const end = performance.now() + START_LIMIT_MS;
    for (;;) {
      const seen = await this.#dig(["+short", "A", `ns.${ZONE}`], "internet").catch(() => "");
      if (seen.trim() === NAME_SERVER) return;
      if (this.#process.status || performance.now() > end) {
        throw new Error(`Cannot start ${this.kind}: ${this.lines.join(" ") || "too slow"}`);
      }
      await delay(systemClock, 50, this.#lab.signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

/** Writes what a server reads, and gives its command line. */
const PREPARE: Readonly<Record<NameServerKind, (folder: string) => Promise<readonly string[]>>> = {
  bind: async (folder) => {
    await writeZone(folder);
    await Deno.writeTextFile(
      `${folder}/named.conf`,
      `options {
  directory "${folder}"; pid-file none; session-keyfile "${folder}/session.key"; recursion no;
  listen-on { ${NAME_SERVER}; }; listen-on-v6 { none; }; dnssec-validation no; allow-transfer { ${NAME_SERVER}; };
};
controls {};
key "${TSIG.key}" { algorithm ${TSIG.algorithm}; secret "${TSIG.secret}"; };
zone "${ZONE}" { type primary; file "zone"; update-policy { grant ${TSIG.key} zonesub ANY; }; };
`,
    );
    return ["named", "-g", "-c", `${folder}/named.conf`];
  },
  knot: async (folder) => {
    await writeZone(folder);
    await Deno.writeTextFile(
      `${folder}/knot.conf`,
      `server:
    rundir: "${folder}"
    listen: ${NAME_SERVER}@53
    user: root:root
database:
    storage: "${folder}"
log:
  - target: stderr
    any: info
key:
  - id: ${TSIG.key}
    algorithm: ${TSIG.algorithm}
    secret: ${TSIG.secret}
acl:
  - id: update
    key: ${TSIG.key}
    action: update
  - id: transfer
    address: ${NAME_SERVER}
    action: transfer
zone:
  - domain: ${ZONE}
    storage: "${folder}"
    file: zone
    zonefile-sync: -1
    journal-content: none
    acl: [update, transfer]
`,
    );
    return ["knotd", "-c", `${folder}/knot.conf`];
  },
  powerdns: async (folder) => {
    const schema = await Deno.readTextFile("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql");
    const id = "(SELECT id FROM domains)";
    const rows = [SOA, NS, ...FOREIGN].map((line) => {
      const [, name = "", ttl = "", type = "", content = ""] = /^(\S+)\. (\d+) (\S+) (.*)$/.exec(line) ?? [];
      const bare = type === "TXT" ? content : content.replace(/\.(?= |$)/g, "");
      return `INSERT INTO records (domain_id, name, type, content, ttl, auth) VALUES (${id}, '${name}', '${type}', '${bare}', ${ttl}, 1);`;
    });
    const metadata = (kind: string, content: string): string =>
      `INSERT INTO domainmetadata (domain_id, kind, content) VALUES (${id}, '${kind}', '${content}');`;
    const script = [
      schema,
      `INSERT INTO domains (name, type) VALUES ('${ZONE}', 'NATIVE');`,
      ...rows,
      `INSERT INTO tsigkeys (name, algorithm, secret) VALUES ('${TSIG.key}', '${TSIG.algorithm}', '${TSIG.secret}');`,
      metadata("TSIG-ALLOW-DNSUPDATE", TSIG.key),
      metadata("ALLOW-DNSUPDATE-FROM", "0.0.0.0/0"),
      // Every change gets another serial number.
      metadata("SOA-EDIT-API", "INCREASE"),
    ].join("\n");
    // Python has it built in; the sqlite3 command is another package.
    const fill = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.stdin.read())";
    await runCommand(["/usr/bin/python3", "-c", fill, `${folder}/zones.db`], { input: script });
    const settings = {
      ...{ launch: "gsqlite3", "gsqlite3-database": `${folder}/zones.db`, "gsqlite3-dnssec": "yes" },
      ...{
        "local-address": NAME_SERVER,
        "local-port": "53",
        "socket-dir": folder,
        guardian: "no",
        daemon: "no",
      },
      ...{ webserver: "yes", "webserver-address": NAME_SERVER, "webserver-port": "8081" },
      ...{ "webserver-allow-from": "0.0.0.0/0", api: "yes", "api-key": API.key, dnsupdate: "yes" },
      ...{ "allow-axfr-ips": `${NAME_SERVER}/32`, "disable-syslog": "yes", "log-timestamp": "no" },
      ...{ "security-poll-suffix": "", "zone-cache-refresh-interval": "0" },
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
    await Deno.writeTextFile(`${folder}/pdns.conf`, lines.join(""));
    return ["pdns_server", `--config-dir=${folder}`];
  },
};

async function writeZone(folder: string): Promise<void> {
  await Deno.writeTextFile(`${folder}/zone`, [SOA, NS, ...FOREIGN].map((line) => `${line}\n`).join(""));
}
