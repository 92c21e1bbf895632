import type { ByteSink } from "../../../src/cli/output.ts";
import { Output } from "../../../src/cli/output.ts";
import type { HostSession } from "../../../src/cli/session.ts";
import { openStatusServer, type StatusServer } from "../../../src/status/open_status_server.ts";
import type { Lang } from "../../../src/text/lang.ts";
import { textsOf } from "../../../src/text/texts.ts";
import { FakeControl, LogBook } from "../status/status_rig.ts";

/** Options for {@linkcode Terminal}. */
interface TerminalOptions {
  readonly lang?: Lang;
  readonly isJson?: boolean;
  readonly width?: number;
  readonly hasColors?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** A session as a test plays it. */
export class Terminal {
  stdout = "";
  readonly log: LogBook = new LogBook();
  readonly stop: AbortController = new AbortController();
  readonly session: HostSession;
  readonly #output: Output;
  readonly #waiting: (() => void)[] = [];

  constructor(options: TerminalOptions = {}) {
    const { lang = "en", isJson = false, width, hasColors = false, env = {} } = options;
    const sink: ByteSink = {
      write: (bytes) => {
        this.stdout += new TextDecoder().decode(bytes);
        for (const wake of this.#waiting.splice(0)) wake();
        return Promise.resolve(bytes.length);
      },
    };
    this.#output = new Output({ sink });
    this.session = {
      ...{ texts: textsOf(lang), isJson, output: this.#output, log: this.log, signal: this.stop.signal },
      configureLog: () => {},
      host: {
        ...{ stdout: sink, stderr: sink, width, programName: "porthole", date: () => new Date(0) },
        readEnv: (name) => env[name],
        hasColors: { stdout: hasColors, stderr: false },
        exit: () => {},
      },
    };
  }

  /** Everything on stdout so far. */
  async text(): Promise<string> {
    await this.#output.flush();
    return this.stdout;
  }

  /** Waits until stdout is as wanted; each write is looked at. */
  async until(isWanted: (text: string) => boolean): Promise<void> {
    while (!isWanted(this.stdout)) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }
}

/** A daemon on a socket of its own; disposing ends it. */
export class Daemon implements AsyncDisposable {
  readonly control: FakeControl = new FakeControl();
  readonly path: string;
  readonly #folder: string;
  #server: StatusServer | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = `${folder}/s`;
  }

  /** Starts one. */
  static async open(): Promise<Daemon> {
    const daemon = new Daemon(await Deno.makeTempDir({ prefix: "ph" }));
    const { control, path } = daemon;
    daemon.#server = await openStatusServer({ control, socketPath: path, lang: "en", log: new LogBook() });
    return daemon;
  }

  /** Ends it before its time. */
  async end(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
