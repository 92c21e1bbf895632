import type { Endpoint } from "../core/endpoint.ts";
import { formatEndpoint, parseEndpoint } from "../core/endpoint.ts";
import { errorCode, errorMessage, PortholeError } from "../core/errors.ts";
import type { Platform } from "../core/platform.ts";
import { type ChildEnd, type ChildEvent, DemoChild } from "./demo_child.ts";
import { formatSeconds, quoted, storyLine } from "./demo_layout.ts";
import { DEMO_TEXTS, type DemoLabel, type DemoTexts } from "./demo_texts.ts";
import { fetchPage } from "./demo_visit.ts";
import { type DemoWorld, openDemoWorld } from "./demo_world.ts";
import { type Session, withPlatform } from "./session.ts";

/** Cold caches and a busy machine; mostly it takes half a second. */
const MAPPED_LIMIT_MS = 8000;
const CHECKED_LIMIT_MS = 3000;
/** The canary asks every 2 s, and two answers are compared. */
const CHANGED_LIMIT_MS = 8000;
const PAGE_LIMIT_MS = 2000;
const STOP_LIMIT_MS = 2000;
/** 128 + SIGTERM. */
const STATUS_SIGTERM = 143;
/** Arguments shown on the first line: all but the servers. */
const COMMAND_HEAD = 8;
/** What every test page says, in every language. */
const PAGE_MARK = "It works!";

/** A step of the demo that did not go as it should; the message is the reason in the user's language. */
export class DemoError extends PortholeError {
  override readonly name = "DemoError";
  override readonly code = "demo_failed";
}

/**
 * `porthole demo`: shows the whole story on loopback, without root, network or any other program: the real `open`
 * command in a child process behind a full-cone NAT in user space, a visitor from outside, a restart of the NAT,
 * the repair, the visitor again, and the end by SIGTERM. Every wait is bounded and the child is ended in any case.
 *
 * @returns 0, if every step was seen to work.
 * @throws {DemoError} If one was not, or this system cannot run the demo.
 * @throws `signal.reason` if aborted; the child and all sockets are gone by then.
 */
export function runDemo(session: Session): Promise<number> {
  const texts = DEMO_TEXTS[session.texts.lang];
  return withPlatform(session, async (platform) => {
    if (platform.net.capability !== "full") throw new DemoError(texts.needsLinux);
    await using world = await openDemoWorld(platform);
    await new Story({ session, texts, platform, world }).tell();
    return 0;
  });
}

interface StoryParts {
  readonly session: Session;
  readonly texts: DemoTexts;
  readonly platform: Platform;
  readonly world: DemoWorld;
}

class Story {
  readonly #session: Session;
  readonly #texts: DemoTexts;
  readonly #platform: Platform;
  readonly #world: DemoWorld;
  readonly #startMs: number;

  constructor(parts: StoryParts) {
    this.#session = parts.session;
    this.#texts = parts.texts;
    this.#platform = parts.platform;
    this.#world = parts.world;
    this.#startMs = parts.platform.clock.now();
  }

  async tell(): Promise<void> {
    this.#printScene();
    const args = this.#arguments();
    const servers = args.slice(COMMAND_HEAD).join(" ").replaceAll(/ (?=--)/g, "\n");
    this.#line("command", `porthole ${args.slice(0, COMMAND_HEAD).join(" ")}`, servers);
    await using child = DemoChild.start(args, this.#platform.clock);
    const before = await this.#open(child);
    this.#quote(await this.#visit(before));
    const after = await this.#restart(child, before);
    // The same page again, so its first line says enough.
    this.#quote((await this.#visit(after)).split("\n", 1).join(""));
    await this.#stop(child);
    this.#print("");
    this.#print(this.#texts.done(formatSeconds(this.#elapsedMs())));
  }

  #printScene(): void {
    const texts = this.#texts;
    const { box, home, stunServers, webServers } = this.#world;
    this.#print(texts.title);
    this.#print("");
    this.#print(`  ${texts.home(home)}`);
    this.#print(`    └─ ${texts.nat(box.externalAddress)}`);
    this.#print(`         └─ ${texts.internet({ stun: stunServers.length, web: webServers.length })}`);
    this.#print("");
  }

  #arguments(): string[] {
    const { home, stunServers, webServers } = this.#world;
    return [
      ...["open", "0", "--test", "--json", "--interface", home, "--lang", this.#session.texts.lang],
      ...stunServers.flatMap((server) => ["--stun", formatEndpoint(server)]),
      ...webServers.flatMap((server) => ["--keep-alive", formatEndpoint(server)]),
    ];
  }

  async #open(child: DemoChild): Promise<Endpoint> {
    const { reachable, unverified } = this.#texts;
    const event = await this.#event(child, "mapped", MAPPED_LIMIT_MS);
    this.#line("mapped", `${event["internal"]} -> ${event["external"]}`);
    const checked = await this.#event(child, "checked", CHECKED_LIMIT_MS);
    const reason = checked["reason"];
    this.#line("checked", reason === undefined ? reachable : `${unverified}: ${reason}`);
    return parseEndpoint(String(event["external"]));
  }

  async #restart(child: DemoChild, before: Endpoint): Promise<Endpoint> {
    this.#world.box.restart();
    const restartedMs = this.#platform.clock.now();
    this.#line("restart", this.#texts.natForgets);
    await this.#findShut(before);
    const event = await this.#event(child, "changed", CHANGED_LIMIT_MS);
    const tookMs = this.#platform.clock.now() - restartedMs;
    const change = `${event["previous"]} -> ${event["external"]}`;
    this.#line("changed", change, this.#texts.noticedAfter(formatSeconds(tookMs)));
    return parseEndpoint(String(event["external"]));
  }

  async #stop(child: DemoChild): Promise<void> {
    const { clock } = this.#platform;
    this.#line("stop", this.#texts.signalSent);
    const sentMs = clock.now();
    const end = await child.terminate(STOP_LIMIT_MS);
    if (end === undefined) throw this.#failure(child, this.#texts.notEnded(formatSeconds(STOP_LIMIT_MS)));
    if (end.status !== STATUS_SIGTERM) {
      throw this.#failure(child, this.#texts.wrongStatus(describeEnd(end)));
    }
    this.#line("stopped", this.#texts.endedAfter(end.status, formatSeconds(clock.now() - sentMs)));
  }

  async #visit(to: Endpoint): Promise<string> {
    const url = `http://${formatEndpoint(to)}/`;
    this.#line("visitor", this.#texts.visitorOpens(this.#world.visitor, url));
    let page: string;
    try {
      page = await this.#fetch(to);
    } catch (error) {
      throw this.#fail(this.#texts.noPage(url, errorMessage(error)), error);
    }
    if (!page.includes(PAGE_MARK)) throw this.#fail(this.#texts.wrongPage(url));
    return page;
  }

  /** The old endpoint must be dead, or the restart was none. */
  async #findShut(endpoint: Endpoint): Promise<void> {
    try {
      await this.#fetch(endpoint);
    } catch (error) {
      if (errorCode(error) !== "ECONNREFUSED") throw error;
      return this.#line("visitor", this.#texts.shutOut(`http://${formatEndpoint(endpoint)}/`));
    }
    throw this.#fail(this.#texts.oldPortOpen(formatEndpoint(endpoint)));
  }

  #fetch(to: Endpoint): Promise<string> {
    const { net, clock } = this.#platform;
    const { signal } = this.#session;
    return fetchPage({ net, clock, from: this.#world.visitor, to, limitMs: PAGE_LIMIT_MS, signal });
  }

  async #event(child: DemoChild, name: string, limitMs: number): Promise<ChildEvent> {
    const event = await child.next(name, limitMs, this.#session.signal);
    if (event !== undefined) return event;
    const reason = child.end === undefined
      ? this.#texts.noEvent(name, formatSeconds(limitMs))
      : this.#texts.endedEarly(describeEnd(child.end));
    throw this.#failure(child, reason);
  }

  #failure(child: DemoChild, reason: string): DemoError {
    if (child.lastWords.length > 0) {
      this.#print(this.#texts.itSaid);
      this.#quote(child.lastWords.join("\n"));
    }
    return this.#fail(reason);
  }

  #fail(reason: string, cause?: unknown): DemoError {
    return new DemoError(this.#texts.failed(reason), { cause });
  }

  #print(line: string): void {
    if (!this.#session.isJson) this.#session.output.line(line);
  }

  #line(label: DemoLabel, text: string, more?: string): void {
    const ms = this.#elapsedMs();
    if (this.#session.isJson) {
      this.#session.output.json({ step: label, elapsedMs: Math.round(ms), text, more });
    }
    this.#print(storyLine({ ms, label: this.#texts.labels[label], text }));
    if (more !== undefined) this.#quote(more);
  }

  #quote(text: string): void {
    for (const line of quoted(text)) this.#print(line);
  }

  #elapsedMs(): number {
    return this.#platform.clock.now() - this.#startMs;
  }
}

function describeEnd(end: ChildEnd): string {
  return end.signal ?? `exit status ${end.status}`;
}
