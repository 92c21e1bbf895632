import { untilAborted } from "../../../core/aborting.ts";
import type { NatmapArgs } from "../../../config/import/natmap_args.ts";
import { openService } from "../../../daemon/service.ts";
import { faultOf } from "../../exit_code.ts";
import { type Session, withPlatform } from "../../session.ts";
import { VERSION } from "../../version.ts";
import { NatmapPrinter } from "./natmap_printer.ts";
import { planNatmap } from "./plan_natmap.ts";

/** Options for {@linkcode serveNatmap}. */
export interface ServeNatmapOptions {
  readonly session: Session;
  /** Absolute path of the script. */
  readonly script: string | undefined;
}

/**
 * Keeps natmap's mapping until the session's signal; whatever fails is told and tried again.
 *
 * @throws {Error} If the network cannot be opened at all.
 */
export async function serveNatmap(args: NatmapArgs, options: ServeNatmapOptions): Promise<void> {
  const { session, script } = options;
  const { texts, output, log, signal } = session;
  const printer = new NatmapPrinter({
    output,
    format: args.isJson ? "json" : script === undefined ? "line" : "none",
  });
  // It is tried again and again; the same fault is told once.
  let told = "";
  await withPlatform(session, async (platform) => {
    await using _service = await openService(planNatmap(args, { script }), {
      platform,
      emit: (event): void => {
        printer.print(event);
        if (event.event === "mapped") told = "";
        if (event.event === "unusable") log.error(event.reason);
      },
      lang: texts.lang,
      onFault: (_name, error): void => {
        const { message, code, hint } = faultOf(error, texts);
        if (message === told) return;
        told = message;
        log.error(message, { code, hint: hint || undefined });
      },
      version: VERSION,
    });
    await untilAborted(signal);
  });
}
