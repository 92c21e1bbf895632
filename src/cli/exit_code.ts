import { errorCode, errorMessage } from "../core/errors.ts";
import { UnusableNatError } from "../keeper/errors.ts";
import type { HintTexts, Texts } from "../text/texts.ts";
import { sharingHint } from "./sharing_hint.ts";
import { UsageError } from "./usage_error.ts";

/** How a fault ends the process: 1 failed, 2 usage, 4 this NAT cannot do it. */
export interface Fault {
  readonly exitCode: 1 | 2 | 4;
  /** `code` of the error. */
  readonly code: string;
  /** What and why, on one line. */
  readonly message: string;
  /** What to do, on the same line; empty if the message says it. */
  readonly hint: string;
  /** More to do, a line each. */
  readonly advice: readonly string[];
}

const HINTS: Readonly<Record<string, keyof HintTexts>> = {
  EADDRINUSE: "portInUse",
  EACCES: "portPrivileged",
  EADDRNOTAVAIL: "addressNotHere",
  ENODEV: "noSuchInterface",
  EPERM: "notPermitted",
  ENETUNREACH: "noRoute",
  EHOSTUNREACH: "noRoute",
  ENETDOWN: "noRoute",
  EMFILE: "tooManyFiles",
  ENFILE: "tooManyFiles",
  ENOSYS: "notSupported",
  ENOPROTOOPT: "notSupported",
  EAFNOSUPPORT: "notSupported",
  not_supported: "notSupported",
  resolve: "resolve",
  no_stun_server: "noStunServer",
};

/** Classifies whatever a command threw; matches on class and `code`, never on text. */
export function faultOf(error: unknown, texts: Texts): Fault {
  const message = errorMessage(error);
  const code = errorCode(error) ?? errorCode(causeOf(error)) ?? "unknown";
  if (error instanceof UsageError) return { exitCode: 2, code, message, hint: "", advice: [] };
  if (error instanceof UnusableNatError) {
    const { advice } = texts;
    const steps = error.unusable.kind === "filtering" ? advice.filtering : advice.mapping;
    return {
      exitCode: 4,
      code,
      message,
      hint: "",
      advice: [advice.heading, ...steps.map((step) => `  * ${step}`)],
    };
  }
  const sharing = sharingHint(error, texts);
  if (sharing !== undefined) return { exitCode: 1, code, message, hint: sharing, advice: [] };
  const key = HINTS[code] ?? (code === "unknown" ? "bug" : undefined);
  return { exitCode: 1, code, message, hint: key === undefined ? "" : texts.hint[key], advice: [] };
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
