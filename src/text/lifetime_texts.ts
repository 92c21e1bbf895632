/** Texts of `porthole lifetime`. */
export interface LifetimeTexts {
  /** What `--help` says. */
  readonly help: {
    readonly lifetime: string;
  };
}

/** English. */
export const lifetimeEn: LifetimeTexts = {
  help: {
    lifetime: "Measure how long an idle mapping lives.",
  },
};

/** Simplified Chinese. */
export const lifetimeZhCn: LifetimeTexts = {
  help: {
    lifetime: "测量空闲映射能存活多久。",
  },
};
