import { type Context, Hono } from "hono";
import { formatEndpoint, parseEndpoint } from "../core/endpoint.ts";
import type { TunnelSnapshot } from "./service_snapshot.ts";

/** How a browser is sent on. */
export interface FrontDoorManner {
  /** Of the new URL. @default "http" */
  readonly scheme?: "http" | "https" | undefined;
  /** 302, or 307, which keeps method and body. @default {302} */
  readonly status?: 302 | 307 | undefined;
  /** Name in the new URL instead of the address: one that leads to it and has a certificate. */
  readonly host?: string | undefined;
}

/** Where a browser goes, or why nowhere. */
export type Destination =
  | { readonly kind: "url"; readonly url: string }
  /** There is no TCP tunnel of this name, or more than one to choose from. */
  | { readonly kind: "unknown" }
  /** It has no public endpoint now. */
  | { readonly kind: "closed" };

/**
 * Where a request goes: to the external endpoint of a mapped TCP tunnel, path and query as they were. Pure.
 *
 * @param name Of the tunnel; `undefined`: the only TCP tunnel there is.
 * @param target Path and query, as in `/a?b=c`.
 */
export function destinationOf(
  tunnels: readonly TunnelSnapshot[],
  { name, target, scheme = "http", host }: FrontDoorManner & {
    readonly name: string | undefined;
    readonly target: string;
  },
): Destination {
  const [tunnel, ...others] = tunnels.filter((one) =>
    one.protocol === "tcp" && (name === undefined || one.name === name)
  );
  if (tunnel === undefined || others.length > 0) return { kind: "unknown" };
  if (tunnel.state !== "mapped" || tunnel.external === undefined) return { kind: "closed" };
  const place = host === undefined
    ? tunnel.external
    : formatEndpoint({ host, port: parseEndpoint(tunnel.external).port });
  return { kind: "url", url: `${scheme}://${place}${target.startsWith("/") ? target : `/${target}`}` };
}

/** Path and query of a request after a prefix of its path; whatever it says its host is. */
export function targetAfter(url: string, prefix: string): string {
  // The host is as the client wrote it, and need not be one.
  const { pathname, search } = new URL(url.replace(/^https?:\/\/[^/?#]*/i, "http://host"));
  return `${pathname.slice(prefix.length)}${search}`;
}

/** Answers a request with its destination; browsers must not remember it. */
export function answerWith(
  c: Context,
  destination: Destination,
  { status = 302 }: Pick<FrontDoorManner, "status">,
): Response {
  c.header("cache-control", "no-store");
  switch (destination.kind) {
    case "url":
      return c.redirect(destination.url, status);
    case "unknown":
      return c.json({ error: "there is no TCP tunnel of this name" }, 404);
    case "closed":
      c.header("retry-after", "5");
      return c.json({ error: "the tunnel has no public endpoint now" }, 503);
  }
}

/** Options for {@linkcode createFrontDoor}. */
export interface FrontDoorOptions extends FrontDoorManner {
  /** The tunnels as they are now; `undefined` while nobody knows. */
  readonly tunnels: () => Promise<readonly TunnelSnapshot[] | undefined>;
  /** Of the tunnel; `undefined`: the only TCP tunnel there is. */
  readonly name: string | undefined;
  /** Told of each answer. */
  readonly onAnswer?: ((path: string, destination: Destination) => void) | undefined;
}

/** A web site that does nothing but send browsers to a tunnel's external endpoint. */
export function createFrontDoor(options: FrontDoorOptions): Hono {
  const app = new Hono();
  app.all("*", async (c) => {
    const target = targetAfter(c.req.url, "");
    const tunnels = await options.tunnels();
    const destination: Destination = tunnels === undefined
      ? { kind: "closed" }
      : destinationOf(tunnels, { ...options, target });
    options.onAnswer?.(c.req.path, destination);
    return answerWith(c, destination, options);
  });
  return app;
}
