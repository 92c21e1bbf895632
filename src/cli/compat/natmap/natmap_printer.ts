import { eventToJson } from "../../../core/event_json.ts";
import { isMappingNews, type MappingEvent } from "../../../core/mapping.ts";
import { natmapArguments } from "../../../hook/hook_input.ts";
import type { Output } from "../../output.ts";

/** Options for {@linkcode NatmapPrinter}. */
export interface NatmapPrinterOptions {
  readonly output: Output;
  /** `line`: natmap's, where it runs no script. */
  readonly format: "line" | "json" | "none";
}

/** natmap's results on stdout: the six values a script would get, one line when any of them changed. */
export class NatmapPrinter {
  readonly #options: NatmapPrinterOptions;
  #printed: string | undefined;

  constructor(options: NatmapPrinterOptions) {
    this.#options = options;
  }

  /** Prints what an event says; never waits. */
  print(event: MappingEvent): void {
    const { output, format } = this.#options;
    if (format === "json") return output.json(eventToJson(event));
    if (format === "none" || !isMappingNews(event)) return;
    const line = natmapArguments(event.protocol, event).join(" ");
    if (line === this.#printed) return;
    this.#printed = line;
    output.line(line);
  }
}
