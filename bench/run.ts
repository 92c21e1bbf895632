/**
 * `deno task bench`: the figures of porthole beside their aims, measured in the lab (Linux, root, tcpdump).
 * `--only opening|recovery|resources|service` leaves the others out. Nothing is asserted: a busy machine is no fault.
 *
 * `service` is 500 tunnels of `porthole run` behind a NAT in user space; alone it needs neither root nor the lab.
 * `--only forward` is the forwarder beside its peers (bench/forward/run.ts, with its further options).
 */
import { parseArgs } from "node:util";
import { BOTH } from "../tests/lab/lab_case.ts";
import { runCommand } from "../tests/lab/command.ts";
import { removeLeftovers } from "../tests/lab/leftovers.ts";
import { missingPrerequisite } from "../tests/lab/prerequisites.ts";
import { type Figure, formatFigures } from "./figure.ts";
import { main as benchForward } from "./forward/run.ts";
import { measureOpening } from "./opening.ts";
import { measureRecovery, type Mishap } from "./recovering.ts";
import { measureResources } from "./resources.ts";
import { measureService } from "./service/measure_service.ts";

const MISHAPS: readonly Mishap[] = ["NAT restart", "external address change"];

/** Opening is about milliseconds, so nothing else may run meanwhile; recovery and rest are mostly waiting. */
const GROUPS: Readonly<Record<string, (signal: AbortSignal) => Promise<Figure[]>>> = {
  opening: async (signal) => {
    const figures: Figure[] = [];
    for (const protocol of BOTH) figures.push(...await measureOpening(protocol, signal));
    return figures;
  },
  recovery: async (signal) => {
    const pairs = MISHAPS.flatMap((mishap) => BOTH.map((protocol) => ({ mishap, protocol })));
    const measured = pairs.map(({ mishap, protocol }) => measureRecovery(mishap, protocol, signal));
    return (await Promise.all(measured)).flat();
  },
  resources: async (signal) => {
    const figures: Figure[] = [];
    for (const protocol of BOTH) figures.push(...await measureResources(protocol, signal));
    return figures;
  },
  service: measureService,
};

/** What is run and cached before, so that compiling is not measured. */
const ENTRIES = ["../main.ts", "./many_mappings.ts", "./service/world_process.ts"] as const;

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

/** Why it cannot run here; `undefined` if it can, and what earlier labs left is gone then. */
async function obstacle(only: string | undefined): Promise<string | undefined> {
  if (only === "service") return Deno.build.os === "linux" ? undefined : "it needs /proc and shared ports";
  const reason = await missingPrerequisite(["tcpdump"]);
  if (reason === undefined) await removeLeftovers();
  return reason;
}

async function main(): Promise<number> {
  const only = Deno.args.indexOf("--only");
  if (only >= 0 && Deno.args[only + 1] === "forward") return await benchForward(Deno.args.toSpliced(only, 2));
  const { values } = parseArgs({ args: Deno.args, options: { only: { type: "string" } } });
  if (values.only !== undefined && !(values.only in GROUPS)) {
    print(`There is no group "${values.only}"; choose from ${Object.keys(GROUPS).join(", ")}, forward\n`);
    return 2;
  }
  const reason = await obstacle(values.only);
  if (reason !== undefined) {
    print(`The figures cannot be measured here: ${reason}\nskipped\n`);
    return 0;
  }
  for (const entry of ENTRIES) {
    await runCommand([Deno.execPath(), "cache", new URL(entry, import.meta.url).pathname]);
  }
  const controller = new AbortController();
  const stop = (): void => controller.abort(new DOMException("The bench was interrupted", "AbortError"));
  Deno.addSignalListener("SIGINT", stop);
  Deno.addSignalListener("SIGTERM", stop);
  const figures: Figure[] = [];
  const notes: string[] = [];
  for (const [name, measure] of Object.entries(GROUPS)) {
    if (values.only !== undefined && values.only !== name) continue;
    try {
      figures.push(...await measure(controller.signal));
    } catch (error) {
      notes.push(`${name} could not be measured: ${error instanceof Error ? error.message : error}`);
    }
    if (controller.signal.aborted) return 130;
  }
  const missed = figures.filter(({ value, aim }) => aim !== undefined && value > aim);
  if (missed.length > 0) notes.push(`Not met: ${missed.map(({ name }) => name).join("; ")}`);
  print([formatFigures(figures), "", ...notes, ""].join("\n"));
  return 0;
}

if (import.meta.main) main().then((code) => Deno.exit(code));
