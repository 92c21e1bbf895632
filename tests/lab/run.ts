/**
 * `deno task lab`: network namespaces with the kernel's own NAT and real servers, the real command inside.
 *
 * ```text
 * --case PATTERN   only cases whose "profile protocol name" holds this text (repeatable)
 * --jobs N         labs at once (6)
 * --keep           leave namespaces and files behind
 * --list           name the cases and end
 * ```
 */
import { parseArgs } from "node:util";
import { checkCases } from "./cases/check.ts";
import { conformance } from "./cases/conformance.ts";
import { ending } from "./cases/ending.ts";
import { find } from "./cases/find.ts";
import { forward } from "./cases/forward.ts";
import { forwardBehind } from "./cases/forward_behind.ts";
import { forwardNft } from "./cases/forward_nft.ts";
import { gateway } from "./cases/gateway.ts";
import { helpers } from "./cases/helpers.ts";
import { lifetimes } from "./cases/lifetime.ts";
import { mapping } from "./cases/mapping.ts";
import { reachCases } from "./cases/reach.ts";
import { publish } from "./cases/publish.ts";
import { recovery } from "./cases/recovery.ts";
import { service } from "./cases/service.ts";
import { sharing } from "./cases/sharing.ts";
import { refusal } from "./cases/refusal.ts";
import { torrent } from "./cases/torrent.ts";
import { runCommand } from "./command.ts";
import { removeLeftovers } from "./leftovers.ts";
import { missingPrerequisite } from "./prerequisites.ts";
import { type Job, type Outcome, runJobs } from "./run_cases.ts";
import { formatOutcomes } from "./table.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** Labs wait most of their time; with more at once, the measured seconds would be those of the machine. */
const DEFAULT_JOBS = 6;

function title({ labCase, protocol }: Job): string {
  return `${labCase.profile} ${protocol} ${labCase.name}`;
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

function report(outcome: Outcome): void {
  const seconds = outcome.measure.seconds === undefined ? "" : ` ${outcome.measure.seconds.toFixed(2)} s`;
  const text = `${outcome.failure === undefined ? "pass" : "FAIL"} ${title(outcome)}${seconds}\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      case: { type: "string", multiple: true, default: [] },
      jobs: { type: "string", default: `${DEFAULT_JOBS}` },
      keep: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
    },
  });
  const jobs = [
    ...conformance,
    ...mapping,
    ...recovery,
    ...service,
    ...sharing,
    ...helpers,
    ...refusal,
    ...reachCases,
    ...checkCases,
    ...ending,
    ...forward,
    ...forwardBehind,
    ...forwardNft,
    ...gateway,
    ...publish,
    ...find,
    ...torrent,
    ...lifetimes,
  ]
    .flatMap((labCase) => labCase.protocols.map((protocol): Job => ({ labCase, protocol })))
    .filter((job) => values.case.length === 0 || values.case.some((text) => title(job).includes(text)));
  if (values.list) {
    print(jobs.map((job) => title(job) + "\n").join(""));
    return 0;
  }
  const reason = await missingPrerequisite();
  if (reason !== undefined) {
    print(`The lab cannot run here: ${reason}\nskipped\n`);
    const isRequired = Deno.env.get("CI") === "true" || Deno.env.get("PORTHOLE_LAB") === "required";
    return isRequired ? 1 : 0;
  }
  if (jobs.length === 0) {
    print("No case has such a name; --list names them\n");
    return 2;
  }
  return await runLab(jobs, { concurrency: Number(values.jobs), isKept: values.keep });
}

async function runLab(
  jobs: readonly Job[],
  options: { concurrency: number; isKept: boolean },
): Promise<number> {
  await removeLeftovers();
  // Inside the namespaces there is no network to fetch modules from.
  await runCommand([Deno.execPath(), "cache", MAIN]);
  const controller = new AbortController();
  const stop = (): void => controller.abort(new DOMException("The lab was interrupted", "AbortError"));
  Deno.addSignalListener("SIGINT", stop);
  Deno.addSignalListener("SIGTERM", stop);
  const start = performance.now();
  const outcomes = await runJobs(jobs, { ...options, signal: controller.signal, onOutcome: report });
  Deno.removeSignalListener("SIGINT", stop);
  Deno.removeSignalListener("SIGTERM", stop);
  print(`\n${formatOutcomes(outcomes)}`);
  const elapsed = ((performance.now() - start) / 1000).toFixed(0);
  Deno.stderr.writeSync(new TextEncoder().encode(`${jobs.length} cases in ${elapsed} s\n`));
  if (controller.signal.aborted) return 130;
  return outcomes.length === jobs.length && outcomes.every(({ failure }) => failure === undefined) ? 0 : 1;
}

if (import.meta.main) main().then((code) => Deno.exit(code));
