import { runCommand } from "./command.ts";

const TOOLS = [
  "ip",
  "nft",
  "conntrack",
  "turnserver",
  "turnutils_natdiscovery",
  "stun",
  "stund",
  "nginx",
  "sysctl",
  "ss",
  "curl",
  "ps",
  "setpriv",
  "dnsmasq",
  "miniupnpd",
  "qbittorrent-nox",
  "transmission-daemon",
  "named",
  "dig",
  "knotd",
  "pdns_server",
  "ssh",
  "sshd",
];

/**
 * Why the lab cannot run here; `undefined` if it can.
 *
 * @param furtherTools Programs needed besides those of the lab.
 */
export async function missingPrerequisite(furtherTools: readonly string[] = []): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return `network namespaces need Linux, this is ${Deno.build.os}`;
  if (Deno.uid() !== 0) return "network namespaces need root";
  const missing = [...TOOLS, ...furtherTools].filter((tool) => !isOnPath(tool));
  // Where users of a service can read it; "python3" on PATH may be in somebody's home.
  if (!isFile("/usr/bin/python3")) missing.push("/usr/bin/python3");
  if (missing.length > 0) {
    return `not installed: ${missing.join(", ")} (the Debian packages that .ci/run installs)`;
  }
  const name = `phlab-${Deno.pid}-0-try`;
  try {
    await runCommand(["ip", "netns", "add", name]);
    await runCommand(["ip", "netns", "exec", name, "nft", "-f", "-"], {
      input: "table ip try {\nchain post { type nat hook postrouting priority srcnat; }\n}\n",
    });
    await runCommand(["ip", "netns", "exec", name, "sysctl", "-q", "net.netfilter.nf_conntrack_tcp_loose"]);
    return undefined;
  } catch (error) {
    return `the kernel refuses: ${error instanceof Error ? error.message : error}`;
  } finally {
    await runCommand(["ip", "netns", "delete", name]).catch(() => {});
  }
}

function isOnPath(tool: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => isFile(`${folder}/${tool}`));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
