/**
 * `deno task bench --only forward`: the forwarder beside its peers, in a network namespace of its own. Root is not
 * needed where users may make namespaces.
 *
 * ```text
 * --quick          two short rounds (within three minutes) instead of five
 * --rounds N       another number of rounds
 * --subjects A,B   only these (direct, porthole, haproxy, nginx, socat)
 * --natmap PATH    compare with natmap, too
 * --natter PATH    compare with natter.py, too
 * --no-udp         leave UDP out
 * --no-kernel      leave the kernel method out
 * --json FILE      all samples as JSON lines
 * --write          put the report into docs/performance.md, unless the machine was busy
 * ```
 *
 * Peers that are not installed are reported as absent (Debian: haproxy libnginx-mod-stream socat).
 */
import { parseArgs } from "node:util";
import { runCommand } from "../../tests/lab/command.ts";
import { benchForward, type BenchOptions } from "./bench_forward.ts";
import { isInsideNamespace, prepareNamespace, rerunInNamespace } from "./namespace.ts";
import { FULL_PLAN, QUICK_PLAN } from "./plan.ts";
import { formatReport, isNoisy } from "./report.ts";
import { direct, haproxy, natmap, natter, nginx, porthole, socat, type Subject } from "./subjects.ts";

const INTERRUPTED = 130;
const SCRIPT = new URL(import.meta.url).pathname;
const REPORT_FILE = new URL("../../docs/performance.md", import.meta.url);
const PREFACE = `# Performance of the forwarder

Written by \`deno task bench --only forward --write\`; \`bench/forward/\` says how it is measured. Client, forwarder and
target share loopback in a network namespace and the cores below. Subjects are shuffled and restarted in every round,
and checked for correctness first: half-close, byte by byte, resets, a slow reader, UDP lengths and order. One that
loses or alters bytes gets no figures; a peer that makes FIN of RST is only remarked on. CPU is the user and system time of the subject's processes.

`;

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

function readOptions(args: readonly string[]): BenchOptions & { readonly isWritten: boolean } {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      subjects: { type: "string" },
      natmap: { type: "string" },
      natter: { type: "string" },
      "no-udp": { type: "boolean", default: false },
      "no-kernel": { type: "boolean", default: false },
      json: { type: "string" },
      write: { type: "boolean", default: false },
    },
  });
  const plan = values.quick ? QUICK_PLAN : FULL_PLAN;
  const all: readonly Subject[] = [
    ...[porthole, haproxy, nginx, socat],
    ...(values.natmap === undefined ? [] : [natmap(values.natmap)]),
    ...(values.natter === undefined ? [] : [natter(values.natter)]),
    direct,
  ];
  const names = values.subjects?.split(",");
  return {
    plan: { ...plan, rounds: Number(values.rounds ?? plan.rounds) },
    subjects: all.filter(({ name }) => names === undefined || names.includes(name)),
    measuresUdp: !values["no-udp"],
    measuresKernel: !values["no-kernel"],
    jsonFile: values.json,
    isWritten: values.write,
  };
}

async function writeReport(text: string): Promise<void> {
  await Deno.writeTextFile(REPORT_FILE, text);
  await runCommand([Deno.execPath(), "fmt", "--quiet", REPORT_FILE.pathname]);
}

/** Runs the bench. @returns The exit code: 0 measured, 1 porthole failed a gate, 2 wrong arguments, 130 interrupted. */
export async function main(args: readonly string[]): Promise<number> {
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions(args);
  } catch (error) {
    print(`${error instanceof Error ? error.message : error}\n`);
    return 2;
  }
  if (Deno.build.os !== "linux") {
    print("The forwarder cannot be measured here: network namespaces need Linux\nskipped\n");
    return 0;
  }
  if (!isInsideNamespace()) return await rerunInNamespace(SCRIPT, args);
  await prepareNamespace();
  const controller = new AbortController();
  const stop = (): void => controller.abort(new DOMException("The bench was interrupted", "AbortError"));
  Deno.addSignalListener("SIGTERM", stop);
  const measured = await benchForward(options, {
    signal: controller.signal,
    onProgress: (line) => Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`)),
  }).catch((error: unknown) => {
    if (controller.signal.aborted) return undefined;
    throw error;
  });
  if (measured === undefined) return INTERRUPTED;
  const { hasFailed, ...report } = measured;
  const text = formatReport(report);
  print(text);
  if (options.isWritten && isNoisy(report.rounds)) print("Not written: the machine was busy\n");
  else if (options.isWritten) await writeReport(PREFACE + text);
  return hasFailed ? 1 : 0;
}

if (import.meta.main) main(Deno.args).then((code) => Deno.exit(code));
