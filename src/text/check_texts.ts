/** Texts of `porthole check`. */
export interface CheckTexts {
  /** What `--help` says. */
  readonly help: {
    readonly check: string;
  };
}

/** English. */
export const checkEn: CheckTexts = {
  help: {
    check: "Find out what this NAT does, over UDP and TCP, with advice.",
  },
};

/** Simplified Chinese. */
export const checkZhCn: CheckTexts = {
  help: {
    check: "查明此 NAT 在 UDP 和 TCP 上的行为，并给出建议。",
  },
};
