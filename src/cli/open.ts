import { DEFAULT_KEEP_ALIVE_HOSTS } from "../keeper/default_hosts.ts";
import { runTunnels } from "../daemon/run_tunnels.ts";
import { DEFAULT_STUN_TCP, DEFAULT_STUN_UDP } from "../stun/default_servers.ts";
import type { OpenArgs } from "./command_args.ts";
import { eventToJson } from "./event_json.ts";
import { eventToLines } from "./event_line.ts";
import { planOpen } from "./plan_open.ts";
import { checkUplink } from "./check_uplink.ts";
import { checkScript } from "./check_script.ts";
import { type Session, withPlatform } from "./session.ts";

/**
 * `porthole open`: keeps the mapping until the session's signal, and prints each event.
 *
 * @throws {UsageError} Before anything is opened.
 * @throws {Error} With the kernel's code if the address, interface, mark or port cannot be had at the start.
 * @throws {UnusableNatError} If this NAT cannot do it and `--force` was not given.
 */
export async function runOpen(args: OpenArgs, session: Session): Promise<void> {
  const { texts, isJson, output, signal } = session;
  const script = args.exec === undefined ? undefined : await checkScript(args.exec, texts);
  const plans = planOpen(args, {
    texts,
    script,
    defaults: {
      stunTcp: DEFAULT_STUN_TCP,
      stunUdp: DEFAULT_STUN_UDP,
      keepAliveHosts: DEFAULT_KEEP_ALIVE_HOSTS,
    },
  });
  await withPlatform(session, async (platform) => {
    for (const plan of plans) await checkUplink(plan, platform.net);
    await runTunnels(plans, {
      platform,
      emit: (event): void => {
        if (isJson) output.json(eventToJson(event));
        else for (const line of eventToLines(event, { texts, servesTestPage: args.test })) output.line(line);
      },
      signal,
      endsWhenUnusable: true,
      lang: texts.lang,
    });
  });
}
