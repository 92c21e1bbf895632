import * as v from "valibot";
import { parseEndpoint } from "../core/endpoint.ts";
import type { Config, LogConfig, StatusConfig } from "./config.ts";
import { hookSchema } from "./hook_schema.ts";
import {
  choice,
  described,
  either,
  option,
  plainText,
  readable,
  secretText,
  wholeNumber,
} from "./schema_parts.ts";
import { duration, interval, keepAliveHosts, stunServers, tunnelSchema } from "./tunnel_schema.ts";

const logSchema: v.GenericSchema<LogConfig> = v.strictObject({
  level: option(choice(["debug", "info", "warn", "error"]), "Least important lines to show. Default info."),
  format: option(
    choice(["text", "json", "journald"]),
    "journald is text with a <N> priority in front, without a time. Default text.",
  ),
  file: option(plainText, "Written beside stderr; relative to this file's folder."),
  maxBytes: option(wholeNumber(4096, 1e12), "The log file is rotated when it grows beyond this."),
  maxFiles: option(wholeNumber(1, 1000), "Log files kept, the current one included."),
});

const statusFileSchema = v.strictObject({
  path: described(plainText, "Relative to this file's folder."),
  format: option(choice(["porthole", "natter"]), "natter is Natter 0.9's. Default porthole."),
});

const statusSchema: v.GenericSchema<StatusConfig> = v.strictObject({
  file: option(
    either(plainText, statusFileSchema, 'PATH, or { "path": PATH, "format": FORMAT }'),
    "Always shows the state of the tunnels; relative to this file's folder.",
  ),
  socket: option(
    plainText,
    "Unix socket of porthole status and health; relative to this file's folder. Default in the runtime directory.",
  ),
  listen: option(
    readable(parseEndpoint, "ADDRESS:PORT, IPv6 as [ADDRESS]:PORT"),
    "HTTP status page; needs a token unless the address is loopback.",
  ),
  token: option(secretText, "Asked for by the HTTP status page."),
});

/** The configuration file of `porthole run`; unknown keys are faults. */
export const configSchema: v.GenericSchema<Config> = v.pipe(
  v.strictObject({
    $schema: option(v.string(), "This schema, for editors."),
    lang: option(choice(["en", "zh-CN"]), "Language of texts for people. Default from the environment."),
    log: option(logSchema, "What is logged, and where."),
    stun: option(
      v.strictObject({
        tcp: option(stunServers, "For TCP tunnels."),
        udp: option(stunServers, "For UDP tunnels, and for watching the local address."),
        interval: option(duration, "Between lookups without any doubt (TCP). Default 60s."),
      }),
      "STUN servers, instead of the built-in lists.",
    ),
    keepAlive: option(
      v.strictObject({
        tcp: option(keepAliveHosts, "Busy HTTP hosts, instead of the built-in list."),
        interval: option(interval, "Between keep-alives. Default 15s."),
      }),
      "What holds mappings open.",
    ),
    hooks: option(v.array(hookSchema), "Run for every tunnel, before the tunnel's own."),
    tunnels: described(v.array(tunnelSchema), "One public port each."),
    status: option(statusSchema, "Who may look at the running service, and how."),
    state: option(
      v.strictObject({
        directory: described(plainText, "Relative to this file's folder."),
        announceAtStart: option(
          v.boolean(),
          "Run hooks and publishers after a restart even where nothing changed. Default false.",
        ),
      }),
      "What survives a restart: ports that were chosen, and the last external endpoints.",
    ),
  }),
  v.title("Configuration of porthole run"),
);
