/** Texts of `porthole reach` `porthole reflector`. */
export interface ReachTexts {
  /** What `--help` says. */
  readonly help: {
    readonly reach: string;
    readonly reflector: string;
  };
}

/** English. */
export const reachEn: ReachTexts = {
  help: {
    reach: "Find out whether strangers reach an endpoint.",
    reflector: "Try endpoints for porthole reach from outside.",
  },
};

/** Simplified Chinese. */
export const reachZhCn: ReachTexts = {
  help: {
    reach: "查明外人能否到达某个端点。",
    reflector: "在外部为 porthole reach 试探端点。",
  },
};
