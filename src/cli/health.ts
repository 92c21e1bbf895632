import { type Clock, systemClock } from "../core/clock.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import { formatAge } from "../status/amounts.ts";
import { type Health, judgeHealth, type TunnelHealth } from "../status/health_verdict.ts";
import type { ServiceSnapshot } from "../status/service_snapshot.ts";
import { fetchSnapshot, requestVerify } from "../status/status_client.ts";
import { NoDaemonError, StatusRequestError } from "../status/status_errors.ts";
import type { HealthArgs } from "./command_args.ts";
import { maskUrl, parsePingUrl, sendPing } from "./health_ping.ts";
import type { HostSession } from "./session.ts";
import { askDaemon, daemonSockets, EXIT_NO_DAEMON } from "./status_daemon.ts";
import { visible } from "./status_table.ts";

/** What tests hand in. */
export interface HealthSurroundings {
  /** @default {globalThis.fetch} */
  readonly fetch?: typeof fetch;
  /** @default {systemClock} */
  readonly clock?: Clock;
}

/** How it stands, or why nobody can tell. */
type Outcome =
  | { readonly kind: "judged"; readonly health: Health; readonly at: string }
  | { readonly kind: "no-daemon"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string; readonly code: string | undefined };

/**
 * `porthole health`: a line for each tunnel that is not healthy and one for all, nothing with `--quiet`. With `--ping`
 * a dead-man's switch is told too; that it could not be told is a line on stderr and no reason for another exit status:
 * the tunnels are no worse for it, and the switch will notice by itself.
 *
 * @returns 0 healthy, 1 not (or the daemon did not answer as it should), 3 no daemon.
 * @throws {UsageError} If the ping URL is none.
 */
export async function runHealth(
  args: HealthArgs,
  session: HostSession,
  surroundings: HealthSurroundings = {},
): Promise<number> {
  const { texts, log, signal } = session;
  const { fetch = globalThis.fetch, clock = systemClock } = surroundings;
  const url = args.ping === undefined ? undefined : parsePingUrl(args.ping, texts);
  const outcome = await judge(args, session, clock);
  const exitCode = exitCodeOf(outcome);
  if (!args.quiet) report(outcome, session);
  if (url !== undefined) {
    const reason = await sendPing(url, { isHealthy: exitCode === 0, fetch, clock, signal });
    if (reason !== undefined) log.warn(texts.status.health.pingFailed(maskUrl(url), reason));
  }
  return exitCode;
}

async function judge(args: HealthArgs, session: HostSession, clock: Clock): Promise<Outcome> {
  const { texts: { status }, signal, host } = session;
  const { tunnel: name, maxAgeMs, verify } = args;
  const paths = daemonSockets(args.socket, host.readEnv);
  const ask = (path: string): Promise<ServiceSnapshot> =>
    verify ? lookUp(path, { name, signal, clock }) : fetchSnapshot(path, { signal, clock });
  try {
    const { value } = await askDaemon(paths, ask);
    const health = judgeHealth(value, { name, maxAgeMs, now: new Date(value.at) });
    return { kind: "judged", health, at: value.at };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof NoDaemonError) {
      const reason = paths.length === 0 ? status.noSocket : status.noDaemon(paths.join(", "));
      return { kind: "no-daemon", reason };
    }
    // It hangs, refuses us, or talks nonsense: that is not healthy, and the switch has to hear of it.
    return { kind: "failed", reason: errorMessage(error), code: errorCode(error) };
  }
}

interface LookUpOptions {
  readonly name: string | undefined;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

async function lookUp(path: string, { name, signal, clock }: LookUpOptions): Promise<ServiceSnapshot> {
  try {
    return await requestVerify(path, { name, signal, clock });
  } catch (error) {
    // No such tunnel: the verdict says so as it does without a lookup.
    if (!(error instanceof StatusRequestError) || error.status !== 404) throw error;
    return await fetchSnapshot(path, { signal, clock });
  }
}

function exitCodeOf(outcome: Outcome): number {
  if (outcome.kind === "no-daemon") return EXIT_NO_DAEMON;
  return outcome.kind === "judged" && outcome.health.healthy ? 0 : 1;
}

function report(outcome: Outcome, session: HostSession): void {
  const { texts: { status }, isJson, output } = session;
  if (isJson) return output.json(jsonOf(outcome));
  if (outcome.kind === "no-daemon") return output.line(outcome.reason);
  if (outcome.kind === "failed") return output.line(status.health.failed(outcome.reason));
  const { healthy, tunnels } = outcome.health;
  const bad = tunnels.filter((tunnel) => !tunnel.healthy);
  for (const tunnel of bad) output.line(tunnelLine(tunnel, session));
  output.line(
    healthy
      ? status.health.healthy(`${tunnels.length}`)
      : status.health.unhealthy(`${bad.length}`, `${tunnels.length}`),
  );
}

function jsonOf(outcome: Outcome): Readonly<Record<string, unknown>> {
  switch (outcome.kind) {
    case "judged":
      return {
        healthy: outcome.health.healthy,
        daemon: true,
        at: outcome.at,
        tunnels: outcome.health.tunnels,
      };
    case "no-daemon":
      return { healthy: false, daemon: false, reason: outcome.reason };
    case "failed":
      return { healthy: false, daemon: true, reason: outcome.reason, code: outcome.code };
  }
}

function tunnelLine(tunnel: TunnelHealth, { texts: { status } }: HostSession): string {
  const { name, protocol, state = "failed", problem, detail, ageMs = 0 } = tunnel;
  const { health } = status;
  const subject = protocol === undefined ? name : `${name} (${protocol})`;
  const shown = status.states[state];
  switch (problem) {
    case "unknown":
      return visible(`${subject}: ${health.unknown}`);
    case "unconfirmed":
      return visible(`${subject}: ${health.unconfirmed}`);
    case "stale":
      return visible(`${subject}: ${health.stale(formatAge(ageMs, status))}`);
    default: {
      const why = detail === undefined ? health.notMapped(shown) : health.notMappedBecause(shown, detail);
      return visible(`${subject}: ${why}`);
    }
  }
}
