import type { Clock } from "../core/clock.ts";
import type { MappingEvent } from "../core/mapping.ts";
import { runTunnels } from "../daemon/run_tunnels.ts";
import { checkScript } from "./check_script.ts";
import { checkTarget } from "./check_target.ts";
import { checkUplink } from "./check_uplink.ts";
import { ClientLines } from "./client_lines.ts";
import type { ForwardArgs } from "./command_args.ts";
import { eventToJson } from "../core/event_json.ts";
import { eventToLines } from "./event_line.ts";
import { planForward } from "./plan_forward.ts";
import { type Session, withPlatform } from "./session.ts";
import { TUNNEL_DEFAULTS } from "./tunnel_defaults.ts";

/**
 * `porthole forward`: keeps the mapping and forwards to the target until the session's signal; prints each event.
 *
 * @throws {UsageError} Before anything is opened.
 * @throws {ResolveError} If the target's name does not resolve.
 * @throws {Error} With a code if the address, interface, mark, port or method cannot be had at the start.
 * @throws {UnusableNatError} If this NAT cannot do it and `--force` was not given.
 */
export async function runForward(args: ForwardArgs, session: Session): Promise<void> {
  const { texts, signal } = session;
  const script = args.exec === undefined ? undefined : await checkScript(args.exec, texts);
  const plans = planForward(args, { texts, script, defaults: TUNNEL_DEFAULTS });
  await withPlatform(session, async (platform) => {
    for (const plan of plans) await checkUplink(plan, platform.net);
    await checkTarget(args.target, { net: platform.net, signal });
    using printer = new EventPrinter(session, platform.clock);
    await runTunnels(plans, {
      platform,
      emit: (event) => printer.print(event),
      signal,
      endsWhenUnusable: true,
      lang: texts.lang,
    });
  });
}

/** Prints events: exact as JSON; for people, the lines about clients are thinned out. */
class EventPrinter implements Disposable {
  readonly #session: Session;
  readonly #clients: ClientLines;

  constructor(session: Session, clock: Clock) {
    this.#session = session;
    this.#clients = new ClientLines(session, clock);
  }

  print(event: MappingEvent): void {
    const { texts, isJson, output } = this.#session;
    if (isJson) output.json(eventToJson(event));
    if (event.event === "client") return this.#clients.note(event);
    if (isJson) return;
    for (const line of eventToLines(event, { texts })) output.line(line);
  }

  [Symbol.dispose](): void {
    this.#clients[Symbol.dispose]();
  }
}
