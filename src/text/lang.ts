/** Languages of the catalogue, as BCP 47 tags. */
export type Lang = "en" | "zh-CN";

/** Every language, for `--lang`. */
export const LANGS: readonly Lang[] = ["en", "zh-CN"];

/** Reads an environment variable; `undefined` if it is not set or may not be read. */
export type ReadEnv = (name: string) => string | undefined;

/**
 * The language of a POSIX locale name or a BCP 47 tag: every Chinese gives Simplified Chinese, everything else
 * English.
 */
export function langOf(locale: string): Lang {
  return /^zh([-_.@]|$)/i.test(locale) ? "zh-CN" : "en";
}

/** The user's language: the first of LC_ALL, LC_MESSAGES and LANG that is not empty, as POSIX has it. */
export function langFromEnv(readEnv: ReadEnv): Lang {
  return langOf(readEnv("LC_ALL") || readEnv("LC_MESSAGES") || readEnv("LANG") || "en");
}
