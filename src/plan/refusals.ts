import {
  type ConfigFault,
  type ConfigPath,
  formatPath,
  inSourceOrder,
  type PlaceOf,
} from "../config/config_fault.ts";

/** Collects what the planner refuses. */
export class Refusals {
  readonly #placeOf: PlaceOf;
  readonly #faults: ConfigFault[] = [];

  constructor(placeOf: PlaceOf) {
    this.#placeOf = placeOf;
  }

  /** In the order of the file. */
  get faults(): readonly ConfigFault[] {
    return inSourceOrder(this.#faults);
  }

  /** Notes what is wrong with the value at `path`. */
  refuse(path: ConfigPath, message: string): void {
    this.#faults.push({ path: formatPath(path), ...this.#placeOf(path), message });
  }

  /** Another place, for the message of a fault: `tunnels[0].bind (line 12)`. */
  where(path: ConfigPath): string {
    return `${formatPath(path)} (line ${this.#placeOf(path).line})`;
  }
}
