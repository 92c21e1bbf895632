import { runCommand } from "../../tests/lab/command.ts";

/** Ports on 127.0.0.1: bulk and interactive traffic have targets of their own, so that these never wait for each other. */
export interface PortSet {
  readonly bulk: number;
  readonly ping: number;
  readonly udp: number;
}

/** What a subject has to connect. */
export interface Wiring {
  readonly listens: PortSet;
  readonly targets: PortSet;
  /** For configuration files. */
  readonly folder: string;
  /** RLIMIT_NOFILE, hard. */
  readonly descriptorLimit: number;
}

/** A forwarder that can be measured. */
export interface Subject {
  readonly name: string;
  readonly hasUdp: boolean;
  /** Whether thousands of idle connections are worth trying. */
  readonly holdsMany: boolean;
  /** Whether it forwards only once it has a mapping, so that it needs STUN and HTTP servers. @default {false} */
  readonly maps?: boolean;
  /** What it is; `undefined` if it is not installed. */
  version(): Promise<string | undefined>;
  /** What to run, each until it is ended; none for the direct way. */
  commands(wiring: Wiring): readonly (readonly string[])[];
}

/** The script that runs our forwarder. */
export const DRIVER: string = new URL("./porthole_driver.ts", import.meta.url).pathname;
const NGINX_STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

/** No forwarder at all: the limit. */
export const direct: Subject = {
  name: "direct",
  hasUdp: true,
  holdsMany: false,
  version: () => Promise.resolve("no forwarder"),
  commands: () => [],
};

/** Our relay, opened by a driver as `porthole forward` opens it. */
export const porthole: Subject = {
  name: "porthole",
  hasUdp: true,
  holdsMany: true,
  version: () => Promise.resolve("this tree, relay"),
  commands: ({ listens, targets }) => {
    const pair = (name: keyof PortSet): string => `127.0.0.1:${listens[name]}=127.0.0.1:${targets[name]}`;
    return [[
      ...[Deno.execPath(), "run", "-A", "--cached-only", DRIVER],
      ...["--tcp", pair("bulk"), "--tcp", pair("ping"), "--udp", pair("udp")],
    ]];
  },
};

/** HAProxy in TCP mode with as many threads as cores, its default. */
export const haproxy: Subject = {
  name: "haproxy",
  hasUdp: false,
  holdsMany: true,
  version: () => firstLine(["haproxy", "-v"], /version (\S+)/),
  commands({ listens, targets, folder, descriptorLimit }): readonly (readonly string[])[] {
    const listen = (name: "bulk" | "ping"): string =>
      `listen ${name}\n  bind 127.0.0.1:${listens[name]}\n  server target 127.0.0.1:${targets[name]}\n`;
    const text = `global
  ulimit-n ${descriptorLimit}
  maxconn ${Math.floor((descriptorLimit - 100) / 2)}
defaults
  mode tcp
  timeout connect 10s
  timeout client 1h
  timeout server 1h
${listen("bulk")}${listen("ping")}`;
    return [["haproxy", "-db", "-f", written(`${folder}/haproxy.cfg`, text)]];
  },
};

/** nginx stream, a worker for each core, each with its own listening socket; with half-close, which is off by default. */
export const nginx: Subject = {
  name: "nginx",
  hasUdp: true,
  holdsMany: true,
  version: () =>
    isFile(NGINX_STREAM_MODULE) ? firstLine(["nginx", "-v"], /nginx\/(\S+)/) : Promise.resolve(undefined),
  commands({ listens, targets, folder, descriptorLimit }): readonly (readonly string[])[] {
    const server = (name: keyof PortSet, options: string, more: string): string =>
      `server { listen 127.0.0.1:${listens[name]} ${options}; proxy_pass 127.0.0.1:${
        targets[name]
      }; ${more} }\n`;
    const stream = "proxy_half_close on; proxy_timeout 1h;";
    // Without the larger buffer it would cut datagrams off at 16 KiB.
    const datagram = "proxy_timeout 90s; proxy_buffer_size 64k;";
    const text = `daemon off; user root; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
load_module ${NGINX_STREAM_MODULE};
worker_processes auto; worker_rlimit_nofile ${descriptorLimit};
events { worker_connections ${descriptorLimit}; }
stream {
${server("bulk", "reuseport", stream)}${server("ping", "reuseport", stream)}${
      server("udp", "udp reuseport", datagram)
    }}
`;
    const file = written(`${folder}/nginx.conf`, text);
    return [["nginx", "-e", `${folder}/nginx.log`, "-c", file]];
  },
};

/** socat, a process for each connection. */
export const socat: Subject = {
  name: "socat",
  hasUdp: false,
  holdsMany: false,
  version: () => firstLine(["socat", "-V"], /socat version (\S+)/),
  commands: ({ listens, targets }) =>
    (["bulk", "ping"] as const).map((name) => [
      ...["socat", "-t", "10"],
      `TCP-LISTEN:${listens[name]},bind=127.0.0.1,fork,reuseaddr,nodelay,backlog=4096`,
      `TCP:127.0.0.1:${targets[name]},nodelay`,
    ]),
};

/** natmap from a path, one process for each port; needs `PeerWorld`. */
export function natmap(path: string): Subject {
  return {
    name: "natmap",
    maps: true,
    hasUdp: true,
    holdsMany: false,
    version: () => Promise.resolve(isFile(path) ? path : undefined),
    commands: ({ listens, targets }) =>
      (["bulk", "ping", "udp"] as const).map((name) => [
        ...[path, ...(name === "udp" ? ["-u"] : []), "-s", "127.0.0.1", "-h", "127.0.0.1"],
        ...["-b", `${listens[name]}`, "-t", "127.0.0.1", "-p", `${targets[name]}`],
      ]),
  };
}

/** Natter 2 from the path of natter.py, with its built-in forwarder; needs what natmap needs. */
export function natter(path: string): Subject {
  return {
    name: "Natter",
    maps: true,
    hasUdp: true,
    holdsMany: false,
    version: () => Promise.resolve(isFile(path) ? path : undefined),
    commands: ({ listens, targets }) =>
      (["bulk", "ping", "udp"] as const).map((name) => [
        ...["python3", path, ...(name === "udp" ? ["-u"] : []), "-m", "socket"],
        ...["-s", "127.0.0.1:3478", "-h", "127.0.0.1:80", "-b", `${listens[name]}`],
        ...["-t", "127.0.0.1", "-p", `${targets[name]}`],
      ]),
  };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function written(path: string, text: string): string {
  Deno.writeTextFileSync(path, text);
  return path;
}

async function firstLine(commandLine: readonly string[], pattern: RegExp): Promise<string | undefined> {
  try {
    // nginx tells its version on standard error.
    const said = await runCommand(["sh", "-c", `${commandLine.join(" ")} 2>&1`]);
    return pattern.exec(said)?.[1];
  } catch {
    return undefined;
  }
}
