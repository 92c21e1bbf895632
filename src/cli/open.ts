import { runTunnels } from "../daemon/run_tunnels.ts";
import type { OpenArgs } from "./command_args.ts";
import { eventToJson } from "../core/event_json.ts";
import { eventToLines } from "./event_line.ts";
import { planOpen } from "./plan_open.ts";
import { checkUplink } from "./check_uplink.ts";
import { checkScript } from "./check_script.ts";
import { type Session, withPlatform } from "./session.ts";
import { TUNNEL_DEFAULTS } from "./tunnel_defaults.ts";

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
  const plans = planOpen(args, { texts, script, defaults: TUNNEL_DEFAULTS });
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
