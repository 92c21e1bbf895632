/** Texts of `porthole config`. */
export interface ConfigTexts {
  readonly todo: string;
}

/** English. */
export const configEn: ConfigTexts = {
  todo: "",
};

/** Simplified Chinese. */
export const configZhCn: ConfigTexts = {
  todo: "",
};
