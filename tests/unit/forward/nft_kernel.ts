import type { ProgramResult, RunProgram } from "../../../src/forward/nft_json.ts";

type Value = Readonly<Record<string, unknown>>;
type Kind = "chain" | "set" | "counter";

/** A kernel's table as far as these tests need it: transactions, references, listings. */
export class NftKernelFake {
  /** `kind name` to the object as it was added. */
  readonly objects: Map<string, Value> = new Map();
  /** Chain to its rules' expressions. */
  readonly rules: Map<string, Value[]> = new Map();
  hasTable = false;
  /** Standard error of the next transactions that install something. */
  refusal: string | undefined;
  /** Command lines other than nft's. */
  readonly others: string[] = [];
  /** Transactions carried out. */
  transactions = 0;
  /** Listed besides our table. */
  readonly foreign: Value[] = [];

  readonly run: RunProgram = (commandLine, input): Promise<ProgramResult> => {
    const [program, ...args] = commandLine;
    if (program !== "nft") {
      this.others.push(commandLine.join(" "));
      return Promise.resolve({ status: 0, stdout: "", stderr: "" });
    }
    if (args.includes("-f")) return Promise.resolve(this.#transact(JSON.parse(input ?? "").nftables));
    return Promise.resolve(this.#list(args.slice(2).join(" ")));
  };

  /** Names of objects of one kind. */
  names(kind: Kind): string[] {
    return [...this.objects.keys()].filter((key) => key.startsWith(`${kind} `)).map((key) =>
      key.split(" ")[1] ?? ""
    );
  }

  /** Every rule of chains whose name ends so, as JSON. */
  rulesOf(suffix: string): string[] {
    return [...this.rules].filter(([chain]) => chain.endsWith(suffix)).flatMap(([, rules]) =>
      rules.map((rule) => JSON.stringify(rule))
    );
  }

  /** What `nft flush ruleset` does. */
  flushRuleset(): void {
    this.objects.clear();
    this.rules.clear();
    this.hasTable = false;
  }

  #transact(commands: readonly Value[]): ProgramResult {
    if (this.refusal !== undefined && "add" in (commands[0] ?? {})) {
      return { status: 1, stdout: "", stderr: this.refusal };
    }
    const before = {
      objects: new Map(this.objects),
      rules: structuredClone(this.rules),
      hasTable: this.hasTable,
    };
    try {
      for (const command of commands) this.#carryOut(command);
      this.#checkReferences();
      this.transactions++;
      return { status: 0, stdout: "", stderr: "" };
    } catch (error) {
      this.flushRuleset();
      for (const [key, value] of before.objects) this.objects.set(key, value);
      for (const [key, value] of before.rules) this.rules.set(key, value);
      this.hasTable = before.hasTable;
      return { status: 1, stdout: "", stderr: error instanceof Error ? error.message : "" };
    }
  }

  #carryOut(command: Value): void {
    const [verb = "", argument] = Object.entries(command)[0] ?? [];
    const [kind = "", value] = Object.entries(argument as Value)[0] as [string, Value];
    const key = `${kind} ${value["name"]}`;
    if (kind === "table") {
      if (verb === "delete" && !this.hasTable) throw new Error("Error: No such file or directory");
      if (verb === "delete") this.flushRuleset();
      this.hasTable = verb === "add";
    } else if (kind === "rule") {
      const rules = this.rules.get(`${value["chain"]}`);
      if (rules === undefined) throw new Error("Error: No such file or directory");
      rules.push(value);
    } else if (verb === "add") {
      if (!this.hasTable) throw new Error("Error: No such file or directory");
      // nft's JSON cannot ask for the flag that a set gets when a rule fills it.
      if (kind === "set" && this.objects.has(key)) {
        throw new Error("Error: Could not process rule: File exists");
      }
      if (!this.objects.has(key)) this.objects.set(key, value);
      if (kind === "chain" && !this.rules.has(`${value["name"]}`)) this.rules.set(`${value["name"]}`, []);
    } else if (!this.objects.has(key)) throw new Error("Error: No such file or directory");
    else if (verb === "flush") this.rules.set(`${value["name"]}`, []);
    else {
      this.objects.delete(key);
      if (kind === "chain") this.rules.delete(`${value["name"]}`);
    }
  }

  #checkReferences(): void {
    const text = JSON.stringify([...this.rules.values()]);
    const kinds = { target: "chain", counter: "counter", set: "set" } as const;
    for (const [, kind, name] of text.matchAll(/"(target|counter|set)":"@?([^"]+)"/g)) {
      if (!this.objects.has(`${kinds[kind as keyof typeof kinds]} ${name}`)) {
        throw new Error("Error: Could not process rule: Device or resource busy");
      }
    }
  }

  #list(what: string): ProgramResult {
    if (what.includes("table") && !this.hasTable) {
      return { status: 1, stdout: "", stderr: "Error: No such file or directory" };
    }
    const own = [...this.objects].map(([key, value]) => {
      const kind = key.split(" ")[0] ?? "";
      return { [kind]: kind === "counter" ? { packets: 3, bytes: 180, ...value } : value };
    });
    const all = what.includes("table") ? own : [...own, ...this.foreign];
    const shown = what.startsWith("table")
      ? all
      : all.filter((one) => what.startsWith(`${Object.keys(one)[0]}s`));
    const stdout = JSON.stringify({ nftables: [{ metainfo: { version: "1.0.6" } }, ...shown] });
    return { status: 0, stdout, stderr: "" };
  }
}
