import { runCommand } from "../../tests/lab/command.ts";

/** Set inside, so that the bench knows. */
const INSIDE = "PORTHOLE_BENCH_NAMESPACE";

/** Settings of the namespace that keep one subject's closed connections from hindering the next. */
const SETTINGS: Readonly<Record<string, string>> = {
  "/proc/sys/net/ipv4/ip_local_port_range": "10000 65000",
  "/proc/sys/net/ipv4/tcp_max_tw_buckets": "512",
  "/proc/sys/net/ipv4/tcp_max_syn_backlog": "8192",
  "/proc/sys/net/core/somaxconn": "8192",
};

/** Whether this process is already in the namespace of its own. */
export function isInsideNamespace(): boolean {
  return Deno.env.get(INSIDE) !== undefined;
}

/** Runs a script again in a fresh network namespace. @returns Its exit code. */
export async function rerunInNamespace(script: string, args: readonly string[]): Promise<number> {
  // Without root, a user namespace makes us root of our own network only.
  const flags = Deno.uid() === 0 ? ["-n"] : ["-rn"];
  const child = new Deno.Command("unshare", {
    args: [...flags, "--", Deno.execPath(), "run", "-A", "--cached-only", script, ...args],
    env: { [INSIDE]: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
  }).spawn();
  const pass = (): void => child.kill("SIGTERM");
  Deno.addSignalListener("SIGINT", pass);
  Deno.addSignalListener("SIGTERM", pass);
  try {
    return (await child.status).code;
  } finally {
    Deno.removeSignalListener("SIGINT", pass);
    Deno.removeSignalListener("SIGTERM", pass);
  }
}

/** Brings loopback up and sets the namespace's settings. */
export async function prepareNamespace(): Promise<void> {
  await runCommand(["ip", "link", "set", "lo", "up"]);
  for (const [path, value] of Object.entries(SETTINGS)) {
    try {
      Deno.writeTextFileSync(path, value);
    } catch {
      // Not every kernel has every one per namespace; the figures say whether it mattered.
    }
  }
}
