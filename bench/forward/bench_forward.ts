import { delay, systemClock } from "../../src/core/clock.ts";
import { errorMessage } from "../../src/core/errors.ts";
import { descriptorLimit } from "../../ffi/mod.ts";
import { runCommand } from "../../tests/lab/command.ts";
import { gateSubject } from "./gate_subject.ts";
import { hasStarved, measureIdle, measureTcp, warmUp } from "./measure_tcp.ts";
import { measureUdp } from "./measure_udp.ts";
import { measureKernelPath } from "./kernel_path.ts";
import type { Sample } from "./metrics.ts";
import { PeerWorld } from "./peer_world.ts";
import type { BenchPlan } from "./plan.ts";
import type { BenchReport } from "./report.ts";
import { Rig } from "./rig.ts";
import { RunningSubject } from "./running_subject.ts";
import type { Round } from "./statistics.ts";
import type { Subject, Wiring } from "./subjects.ts";

/** What is to be measured. */
export interface BenchOptions {
  readonly plan: BenchPlan;
  readonly subjects: readonly Subject[];
  readonly measuresUdp: boolean;
  /** Whether the kernel method is measured, too. */
  readonly measuresKernel: boolean;
  /** Where every sample goes as a JSON line. */
  readonly jsonFile?: string | undefined;
}

/** How the bench is watched and ended. */
export interface BenchControl {
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** A subject that passed the gates, and what of it may be measured. */
interface Entrant {
  readonly subject: Subject;
  readonly version: string;
  readonly wiring: Wiring;
  readonly hasUdp: boolean;
}

/** Descriptors that a process needs besides those of connections. */
const SPARE_DESCRIPTORS = 1000;

/** Measures everything; inside the namespace. */
export async function benchForward(
  options: BenchOptions,
  control: BenchControl,
): Promise<BenchReport & { readonly hasFailed: boolean }> {
  await using bench = await Bench.open(options, control);
  return await bench.run();
}

class Bench implements AsyncDisposable {
  readonly #options: BenchOptions;
  readonly #control: BenchControl;
  readonly #rig: Rig;
  readonly #folder = Deno.makeTempDirSync({ prefix: "porthole-bench-" });
  readonly #remarks: string[] = [];
  readonly #rounds: Round[] = [];

  private constructor(options: BenchOptions, control: BenchControl, rig: Rig) {
    this.#options = options;
    this.#control = control;
    this.#rig = rig;
  }

  static async open(options: BenchOptions, control: BenchControl): Promise<Bench> {
    const rig = await Rig.open();
    control.signal.addEventListener("abort", () => [rig.bulk, rig.ping].forEach((client) => client.kill()));
    return new Bench(options, control, rig);
  }

  async run(): Promise<BenchReport & { readonly hasFailed: boolean }> {
    const { plan, subjects } = this.#options;
    await using world = new AsyncDisposableStack();
    if (subjects.some(({ maps }) => maps)) world.use(new PeerWorld());
    const entrants = await this.#admit();
    for (let round = 1; round <= plan.rounds; round++) {
      const samples: Record<string, Sample> = {};
      for (const entrant of shuffled(entrants)) {
        this.#control.signal.throwIfAborted();
        const { name } = entrant.subject;
        const sample = await this.#measure(entrant, round);
        if (sample === undefined) continue;
        samples[name] = sample;
        this.#control.onProgress(`round ${round}/${plan.rounds} ${name} ${summary(sample)}`);
        await this.#record({ round, subject: name, ...sample });
      }
      this.#rounds.push(samples);
    }
    const kernelRounds = await this.#measureKernel();
    return {
      environment: await this.#environment(entrants),
      subjects: entrants.map(({ subject }) => subject.name),
      rounds: this.#rounds,
      kernelRounds,
      remarks: [...new Set(this.#remarks)],
      hasFailed: subjects.some(({ name }) =>
        name === "porthole" && !entrants.some(({ subject, hasUdp }) => subject.name === name && hasUdp)
      ),
    };
  }

  /** Starts each subject once and checks it. */
  async #admit(): Promise<Entrant[]> {
    const entrants: Entrant[] = [];
    for (const [index, subject] of this.#options.subjects.entries()) {
      const version = await subject.version();
      if (version === undefined) {
        this.#remarks.push(`${subject.name}: absent`);
        continue;
      }
      const wiring = this.#wiring(index);
      const checksUdp = subject.hasUdp && this.#options.measuresUdp;
      try {
        await using running = await this.#start(subject, wiring, checksUdp);
        const { tcp, udp, resets } = await gateSubject(this.#rig, running, { hasUdp: checksUdp });
        const wrong = [...tcp, ...udp, ...resets];
        this.#remarks.push(...wrong.map((text) => `${subject.name}: failed the gate ${text}`));
        this.#control.onProgress(`${subject.name} gates: ${wrong.join("; ") || "passed"}`);
        await this.#record({ subject: subject.name, version, gates: { tcp, udp, resets } });
        // Of ours, everything is demanded; without the peers' figures there would be nothing to compare with.
        if (tcp.length > 0 || (subject.name === "porthole" && resets.length > 0)) continue;
        entrants.push({ subject, version, wiring, hasUdp: checksUdp && udp.length === 0 });
      } catch (error) {
        this.#remarks.push(`${subject.name}: ${errorMessage(error)}`);
        this.#control.onProgress(`${subject.name}: ${errorMessage(error)}`);
      }
    }
    return entrants;
  }

  async #measure(entrant: Entrant, round: number): Promise<Sample | undefined> {
    const { subject } = entrant;
    try {
      const sample = await this.#measureLoad(entrant);
      if (hasStarved(sample)) this.#remarks.push(`${subject.name}: a round trip beside bulk took over 1 s`);
      if (!subject.holdsMany || round > this.#options.plan.idleRounds) return sample;
      return { ...sample, ...await this.#measureIdle(entrant) };
    } catch (error) {
      this.#control.signal.throwIfAborted();
      this.#remarks.push(`${subject.name}, round ${round}: ${errorMessage(error)}`);
      return undefined;
    }
  }

  async #measureLoad({ subject, wiring, hasUdp }: Entrant): Promise<Sample> {
    const { plan } = this.#options;
    await using running = await this.#start(subject, wiring, hasUdp);
    const { startMs } = running;
    await warmUp(this.#rig, running, plan);
    const tcp = await measureTcp(this.#rig, running, plan);
    const udp = hasUdp ? await measureUdp(this.#rig, running, { plan, signal: this.#control.signal }) : {};
    if (subject.name === "direct") return { ...tcp, ...udp };
    return { startMs, ...tcp, ...udp, loadedRssMebibytes: running.tree.rssMebibytes() };
  }

  /** In a fresh process: what load leaves behind is a figure of its own. */
  async #measureIdle({ subject, wiring, hasUdp }: Entrant): Promise<Sample> {
    const count = this.#idleConnections();
    if (count === 0) return {};
    await using running = await this.#start(subject, wiring, hasUdp);
    return await measureIdle(this.#rig, running, count);
  }

  async #measureKernel(): Promise<readonly Round[]> {
    if (!this.#options.measuresKernel) return [];
    try {
      const rounds = await measureKernelPath(this.#options.plan, this.#control.onProgress);
      for (const [index, samples] of rounds.entries()) {
        await this.#record({ round: index + 1, kernel: samples });
      }
      return rounds;
    } catch (error) {
      this.#control.signal.throwIfAborted();
      this.#remarks.push(`kernel method: not measured: ${errorMessage(error)}`);
      return [];
    }
  }

  #start(subject: Subject, wiring: Wiring, needsUdp: boolean): Promise<RunningSubject> {
    return RunningSubject.start(subject, wiring, { needsUdp, signal: this.#control.signal });
  }

  #wiring(index: number): Wiring {
    // Below the ephemeral ports of the namespace, so that no connection has them.
    const first = 9000 + index * 10;
    return {
      listens: { bulk: first, ping: first + 1, udp: first + 2 },
      targets: this.#rig.targets,
      folder: this.#folder,
      descriptorLimit: descriptorLimit().hard,
    };
  }

  #idleConnections(): number {
    return Math.min(
      this.#options.plan.idleConnections,
      Math.floor((descriptorLimit().hard - SPARE_DESCRIPTORS) / 2),
    );
  }

  async #environment(entrants: readonly Entrant[]): Promise<Readonly<Record<string, string>>> {
    const { plan } = this.#options;
    return {
      machine: `Linux ${Deno.osRelease()}, ${Deno.build.arch}, ${navigator.hardwareConcurrency} cores`,
      runtime: `Deno ${Deno.version.deno}`,
      subjects: entrants.map(({ subject, version }) => `${subject.name} (${version})`).join(", "),
      plan:
        `${plan.rounds} rounds; bulk ${plan.bulkMs} ms each; ${this.#idleConnections()} idle connections ` +
        `(RLIMIT_NOFILE ${descriptorLimit().hard})`,
      tree: await runCommand(["git", "-C", import.meta.dirname ?? ".", "describe", "--always", "--dirty"])
        .then((text) => text.trim(), () => "unknown"),
    };
  }

  async #record(value: unknown): Promise<void> {
    const { jsonFile } = this.#options;
    if (jsonFile === undefined) return;
    await Deno.writeTextFile(jsonFile, `${JSON.stringify(value)}\n`, { append: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rig[Symbol.asyncDispose]();
    // Subjects that were just ended may still be writing their last line.
    await delay(systemClock, 20);
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  return items.map((item) => ({ item, key: Math.random() })).sort((a, b) => a.key - b.key).map(({ item }) =>
    item
  );
}

function summary(sample: Sample): string {
  const figure = (value: number | undefined): string => value?.toFixed(2) ?? "-";
  return `${figure(sample.gbpsUp1)} Gb/s, ${figure(sample.cpuUp1)} s/GB, ${
    figure(sample.connectionsPerSecond)
  } conn/s, ${figure(sample.udp64LosslessKpps)} kpps`;
}
