/** Texts of `porthole redirect`. */
export interface RedirectTexts {
  /** What `--help` says. */
  readonly help: {
    readonly redirect: string;
  };
}

/** English. */
export const redirectEn: RedirectTexts = {
  help: {
    redirect: "Send browsers to the current public endpoint.",
  },
};

/** Simplified Chinese. */
export const redirectZhCn: RedirectTexts = {
  help: {
    redirect: "把浏览器引导到当前的公网端点。",
  },
};
