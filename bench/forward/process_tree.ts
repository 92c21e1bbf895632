/** Clock ticks of /proc/PID/stat: sysconf(_SC_CLK_TCK), 100 on every Linux that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** Some processes and all that came from it, read from /proc. */
export class ProcessTree {
  readonly #roots: readonly number[];

  constructor(roots: readonly number[]) {
    this.#roots = roots;
  }

  /** Seconds on processors so far, those of ended and awaited children included; exact to some 10 ms. NaN if it is empty. */
  cpuSeconds(): number {
    if (this.#roots.length === 0) return NaN;
    let ticks = 0;
    for (const pid of this.pids()) {
      // The name, in parentheses, may hold anything; after it come state, ppid, … utime is field 14.
      const fields = read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
      for (const field of fields.slice(11, 15)) ticks += Number(field);
    }
    return ticks / TICKS_PER_SECOND;
  }

  /** Resident memory, the processes' added up. */
  rssMebibytes(): number {
    let kibibytes = 0;
    for (const pid of this.pids()) {
      kibibytes += Number(/VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
    }
    return kibibytes / 1024;
  }

  /** Open descriptors. */
  descriptors(): number {
    let count = 0;
    for (const pid of this.pids()) {
      try {
        count += [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
      } catch {
        // It ended meanwhile.
      }
    }
    return count;
  }

  /** The processes that live now. */
  pids(): readonly number[] {
    const pids = [...this.#roots];
    for (let i = 0; i < pids.length; i++) {
      const children = read(`/proc/${pids[i]}/task/${pids[i]}/children`).split(" ").filter((text) =>
        text !== ""
      );
      pids.push(...children.map(Number));
    }
    return pids;
  }
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // It ended meanwhile.
  }
}
