/** Texts of `porthole status` and `health`. */
export interface StatusTexts {
  readonly todo: string;
}

/** English. */
export const statusEn: StatusTexts = {
  todo: "",
};

/** Simplified Chinese. */
export const statusZhCn: StatusTexts = {
  todo: "",
};
