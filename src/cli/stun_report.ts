import { formatEndpoint, type HostPort } from "../core/endpoint.ts";
import { errorCode, errorMessage } from "../core/errors.ts";
import type { Protocol } from "../core/mapping.ts";
import type { BindingResult } from "../stun/request_binding.ts";
import { type Suspicion, suspicionOf } from "../stun/suspicion.ts";
import type { Texts } from "../text/texts.ts";
import { columnsOf, padColumns } from "./demo_layout.ts";

/** One question of `porthole stun`. */
export interface StunQuestion {
  /** As the user wrote it. */
  readonly server: HostPort;
  readonly protocol: Protocol;
}

/** A question and what came of it. */
export type StunOutcome = StunQuestion & ({ readonly result: BindingResult } | { readonly error: unknown });

/** One JSON line; keys are in the order they are written. */
export function outcomeToJson(outcome: StunOutcome): Readonly<Record<string, unknown>> {
  const head = { server: formatEndpoint(outcome.server), protocol: outcome.protocol };
  if ("error" in outcome) {
    return { ...head, ok: false, error: errorMessage(outcome.error), code: errorCode(outcome.error) };
  }
  const { result } = outcome;
  return {
    ...head,
    ok: true,
    reflexive: formatEndpoint(result.reflexive),
    local: formatEndpoint(result.local),
    endpoint: formatEndpoint(result.server),
    rttMs: Math.round(result.rttMs * 10) / 10,
    rfc5780: offersRfc5780(result),
    otherAddress: result.otherAddress && formatEndpoint(result.otherAddress),
    responseOrigin: result.responseOrigin && formatEndpoint(result.responseOrigin),
    software: result.software,
    suspicion: suspicionOf(result.reflexive, result.local),
  };
}

/** The table of `porthole stun`; rows may be asked for one by one, so widths come from the questions. */
export class StunTable {
  readonly #texts: Texts;
  readonly #serverWidth: number;

  constructor(questions: readonly StunQuestion[], texts: Texts) {
    const { columns } = texts.stun;
    this.#texts = texts;
    this.#serverWidth = Math.max(
      columnsOf(columns.server),
      ...questions.map(({ server }) => columnsOf(formatEndpoint(server))),
    );
  }

  /** The line above the rows. */
  get header(): string {
    const { columns } = this.#texts.stun;
    return this.#join([
      columns.server,
      columns.protocol,
      columns.reflexive,
      columns.rtt,
      columns.rfc5780,
      columns.software,
      columns.notes,
    ]);
  }

  /** One outcome. */
  row(outcome: StunOutcome): string {
    const { stun } = this.#texts;
    const head = [formatEndpoint(outcome.server), outcome.protocol];
    if ("error" in outcome) {
      // The server is in the row already.
      const reason = errorMessage(outcome.error).replace(/^Cannot .*?: /, "");
      return this.#join([...head, stun.failed(reason)]);
    }
    const { result } = outcome;
    const suspicion: Suspicion = suspicionOf(result.reflexive, result.local);
    return this.#join([
      ...head,
      formatEndpoint(result.reflexive),
      `${Math.round(result.rttMs)} ms`,
      offersRfc5780(result) ? stun.yes : stun.no,
      result.software ?? "-",
      suspicion === "none" ? "" : stun.suspicions[suspicion],
    ]);
  }

  #join(cells: readonly string[]): string {
    const widths = [this.#serverWidth, 5, 21, 7, 8, 10];
    const isShort = cells.length < 4;
    return cells.map((cell, i) => isShort && i === 2 ? cell : padColumns(cell, widths[i] ?? 0)).join("  ")
      .trimEnd();
  }
}

/** RFC 5780 needs a second address; a server that only names itself cannot tell filtering apart. */
function offersRfc5780({ otherAddress, server }: BindingResult): boolean {
  return otherAddress !== undefined && otherAddress.address !== server.address;
}
