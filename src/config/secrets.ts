import { resolve } from "node:path";
import { errorCode, errorMessage } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { quoted } from "./config_fault.ts";

/**
 * Reads a whole file.
 *
 * @param mostBytes Of a longer file it may give up behind so many bytes and one more.
 * @throws {Error} With the system's code.
 */
export type ReadFile = (path: string, mostBytes: number) => Promise<Uint8Array>;

/** Where secrets come from. */
export interface SecretSources {
  readonly readFile: ReadFile;
  /** Reads an environment variable. */
  readonly readEnv: (name: string) => string | undefined;
  /** Relative paths start here. */
  readonly directory: string;
  /** Line breaks and tabs are taken. @default {false} */
  readonly hasLines?: boolean | undefined;
}

/** What {@linkcode readSecret} gives; `reason` never holds any of the secret. */
export type SecretReading =
  | { readonly kind: "secret"; readonly secret: Secret }
  | { readonly kind: "fault"; readonly reason: string };

/** Longer than any token or key. */
const MOST_SECRET_BYTES = 64 * 1024;

/** The absolute path that a secret is read from; `undefined` if it is not `file:PATH`. */
export function secretFileOf(text: string, directory: string): string | undefined {
  return text.startsWith("file:") ? resolve(directory, text.slice("file:".length)) : undefined;
}

/**
 * Reads a secret as written in a configuration: `env:NAME`, `file:PATH` (the newline at its end is cut), or else the
 * value itself. What is unset, unreadable, empty, or not one line of text (with `hasLines`: no text) is a fault.
 */
export async function readSecret(text: string, sources: SecretSources): Promise<SecretReading> {
  const file = secretFileOf(text, sources.directory);
  if (file !== undefined) return await fromFile(file, sources);
  if (!text.startsWith("env:")) return checked(text, { ...sources, subject: "the value" });
  const name = text.slice("env:".length);
  // The system refuses to look up these.
  if (name === "" || /[=\0]/.test(name)) return refuse(`${quoted(name)} is no name of a variable`);
  const value = sources.readEnv(name);
  if (value === undefined) return refuse(`the environment variable ${quoted(name)} is not set`);
  return checked(value, { ...sources, subject: `the environment variable ${quoted(name)}` });
}

async function fromFile(path: string, sources: SecretSources): Promise<SecretReading> {
  const subject = `the file ${quoted(path)}`;
  let bytes: Uint8Array;
  try {
    bytes = await sources.readFile(path, MOST_SECRET_BYTES);
  } catch (error) {
    return refuse(`cannot read ${subject}: ${reasonOf(error)}`);
  }
  if (bytes.length > MOST_SECRET_BYTES) return refuse(`${subject} is larger than 64 KiB`);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return checked(text.replace(/\r?\n$/, ""), { ...sources, subject });
  } catch (error) {
    if (error instanceof TypeError) return refuse(`${subject} is not UTF-8`);
    throw error;
  }
}

function checked(
  value: string,
  { subject, hasLines = false }: Pick<SecretSources, "hasLines"> & { readonly subject: string },
): SecretReading {
  if (value === "") return refuse(`${subject} is empty`);
  // What is one line goes into a header or a URL, where such a character would start something else.
  const isText = !/\p{Cc}/u.test(hasLines ? value.replace(/[\t\r\n]/g, "") : value);
  if (isText) return { kind: "secret", secret: new Secret(value) };
  return refuse(
    hasLines
      ? `${subject} has control characters other than line breaks and tabs`
      : `${subject} is not one line of text`,
  );
}

function refuse(reason: string): SecretReading {
  return { kind: "fault", reason };
}

/** Why a file cannot be read. */
export type FileTrouble = "missing" | "folder" | "denied" | "other";

const TROUBLES: Readonly<Record<string, FileTrouble>> = {
  ENOENT: "missing",
  ENOTDIR: "missing",
  EISDIR: "folder",
  EACCES: "denied",
  EPERM: "denied",
};
const REASONS: Readonly<Record<FileTrouble, string | undefined>> = {
  missing: "no such file",
  folder: "it is a folder",
  denied: "permission denied",
  other: undefined,
};

/** Sorts what reading a file threw. */
export function troubleOf(error: unknown): FileTrouble {
  return TROUBLES[errorCode(error) ?? ""] ?? "other";
}

/** Why a file could not be read, for people. */
export function reasonOf(error: unknown): string {
  return REASONS[troubleOf(error)] ?? errorCode(error) ?? errorMessage(error);
}
