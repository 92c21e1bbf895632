import { readFile } from "../config/read_file.ts";
import { reasonOf } from "../config/secrets.ts";
import { untilAborted } from "../core/aborting.ts";
import { scopeOf } from "../core/address_scope.ts";
import { type Endpoint, familyOf, formatEndpoint } from "../core/endpoint.ts";
import { errorMessage } from "../core/errors.ts";
import { openReflector, type ReflectorTls } from "../reach/open_reflector.ts";
import { probeAnswerToJson } from "../reach/probe_answer.ts";
import type { ProbeRecord } from "../reach/reflector_app.ts";
import { hasToken } from "../status/status_guard.ts";
import type { ReflectorArgs } from "./reach_args.ts";
import { readReachToken } from "./reach_token.ts";
import { type HostSession, withPlatform } from "./session.ts";
import { UsageError } from "./usage_error.ts";

/** Whatever is shorter can be guessed by somebody patient, in spite of the rate limit. */
const SHORT_TOKEN = 16;
/** Longer than any chain. */
const MOST_PEM_BYTES = 256 * 1024;

/**
 * `porthole reflector`: tries its callers' own addresses for them, until the session's signal.
 *
 * @returns 0.
 * @throws {UsageError} Before anything is opened, and if the certificate or its key is none.
 * @throws {Error} With the system's code if it cannot listen.
 */
export async function runReflector(args: ReflectorArgs, session: HostSession): Promise<number> {
  const { texts, isJson, output, log, signal } = session;
  const { isBehindProxy, fromAddress } = args;
  const listen = checkUsage(args, session);
  const token = await readReachToken(args.token, session);
  if (token !== undefined && token.reveal().length < SHORT_TOKEN) log.warn(texts.reach.shortToken);
  const tls = await readTls(args, session);
  return await withPlatform(session, async (platform) => {
    await using reflector = await openChecked({
      ...{ platform, listen, fromAddress, isBehindProxy, tls },
      accepts: token && ((authorization) => hasToken(authorization, token)),
      onProbe: (probe) => {
        if (isJson) {
          output.json({ event: "probe", ...recordToJson(probe), at: platform.clock.date().toISOString() });
        } else log.info("Probe", recordToJson(probe));
      },
    }, session);
    const url = `${tls === undefined ? "http" : "https"}://${formatEndpoint(reflector.listen)}`;
    if (isJson) {
      const at = platform.clock.date().toISOString();
      output.json({ event: "listening", listen: formatEndpoint(reflector.listen), url, fromAddress, at });
    } else {
      output.line(texts.reach.listening(url));
      if (fromAddress !== undefined) output.line(texts.reach.probesFrom(fromAddress));
    }
    await untilAborted(signal);
    return 0;
  });
}

/** @throws {UsageError} */
function checkUsage(args: ReflectorArgs, { texts }: HostSession): Endpoint {
  const { usage } = texts.reach;
  const { listen, token, fromAddress, isBehindProxy, tlsCert, tlsKey } = args;
  if (listen === undefined) throw new UsageError(usage.listenMissing);
  // Through a proxy the whole internet comes to loopback.
  const isPrivate = scopeOf(listen.address) === "loopback" && !isBehindProxy;
  if (token === undefined && !isPrivate) throw new UsageError(usage.tokenMissing(formatEndpoint(listen)));
  if (tlsCert !== undefined && tlsKey === undefined) {
    throw new UsageError(usage.needs("--tls-cert", "--tls-key"));
  }
  if (tlsKey !== undefined && tlsCert === undefined) {
    throw new UsageError(usage.needs("--tls-key", "--tls-cert"));
  }
  if (fromAddress === undefined) return listen;
  // Behind a proxy it is the proxy that callers talk to; which addresses it has only the operator knows.
  if (scopeOf(listen.address) === "unspecified" || scopeOf(fromAddress) === "unspecified") {
    throw new UsageError(usage.fromNeedsAddress(formatEndpoint(listen)));
  }
  if (familyOf(fromAddress) !== familyOf(listen.address)) throw new UsageError(usage.fromFamily(fromAddress));
  if (fromAddress === listen.address) throw new UsageError(usage.fromIsListen(fromAddress));
  return listen;
}

async function readTls(args: ReflectorArgs, session: HostSession): Promise<ReflectorTls | undefined> {
  const { tlsCert, tlsKey } = args;
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  return { cert: await readPem(tlsCert, session), key: await readPem(tlsKey, session) };
}

async function readPem(path: string, { texts }: HostSession): Promise<string> {
  const { usage } = texts.reach;
  try {
    return new TextDecoder().decode(await readFile(path, MOST_PEM_BYTES));
  } catch (error) {
    throw new UsageError(usage.badTls(`${path}: ${reasonOf(error)}`));
  }
}

type OpenOptions = Parameters<typeof openReflector>[0];

async function openChecked(options: OpenOptions, { texts }: HostSession): ReturnType<typeof openReflector> {
  // A source that this host does not have is a mistake now, not at the first probe.
  const { platform: { net }, fromAddress } = options;
  if (fromAddress !== undefined) {
    using _socket = await net.openDatagram({
      local: { address: fromAddress, port: 0 },
      onDatagram: () => {},
    });
  }
  try {
    return await openReflector(options);
  } catch (error) {
    if (!(error instanceof Deno.errors.InvalidData)) throw error;
    throw new UsageError(texts.reach.usage.badTls(errorMessage(error)));
  }
}

function recordToJson({ caller, protocol, answer }: ProbeRecord): Readonly<Record<string, unknown>> {
  return { caller: formatEndpoint(caller), protocol, ...probeAnswerToJson(answer) };
}
