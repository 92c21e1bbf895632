import { errorMessage } from "../core/errors.ts";
import { PortShareError, type ShareRefusal } from "../reuse/share_refusal.ts";
import type { SharingTexts } from "../text/sharing_texts.ts";
import type { Texts } from "../text/texts.ts";

/** Causes of causes; more are not ours. */
const MAX_DEPTH = 5;

/** Reasons that pass, or that are about the way porthole was told to run: another command is no cure. */
const PASSING: ReadonlySet<ShareRefusal["kind"]> = new Set([
  "no-row",
  "own-socket",
  "time-wait",
  "unsettled",
]);

/**
 * Why a port could not be shared and what to do, on one line, if that is what an error comes from; `undefined` if it
 * is not.
 */
export function sharingHint(error: unknown, { sharing, usage }: Texts): string | undefined {
  const refused = findShareError(error);
  if (refused === undefined) return undefined;
  const { reason, protocol, local } = refused;
  const words = wordsOf(reason, sharing).join(usage.joiner);
  if (PASSING.has(reason.kind)) return words;
  const command = `porthole forward ${local.port}${protocol === "udp" ? " --udp" : ""}`;
  return [words, sharing.forward(command)].join(usage.joiner);
}

/** The message of whatever was thrown, followed by its {@linkcode sharingHint} if there is one. */
export function messageWithHint(error: unknown, texts: Texts): string {
  const hint = sharingHint(error, texts);
  return [errorMessage(error), ...(hint === undefined ? [] : [hint])].join(texts.usage.joiner);
}

function findShareError(error: unknown): PortShareError | undefined {
  let at = error;
  for (let depth = 0; depth < MAX_DEPTH && at instanceof Error; depth++, at = at.cause) {
    if (at instanceof PortShareError) return at;
  }
  return undefined;
}

function wordsOf(reason: ShareRefusal, texts: SharingTexts): readonly string[] {
  switch (reason.kind) {
    case "no-row":
      return [texts.noRow];
    case "own-socket":
      return [texts.ownSocket];
    case "owner-hidden":
      return [texts.ownerHidden(reason.inode, reason.uid), sightCure(reason.missing, texts)];
    case "other-namespace":
      return [texts.otherNamespace(reason.inode, reason.uid)];
    case "kernel-socket":
      return [texts.kernelSocket(reason.inode)];
    case "kernel-too-old":
      return [texts.kernelTooOld(reason.release)];
    case "seccomp":
      return [texts.seccomp(reason.call)];
    case "ptrace-refused":
      return [texts.ptraceRefused(reason.comm, reason.pid), ptraceCure(reason.ptraceScope, texts)];
    case "uid":
      return [texts.uid(reason.uid)];
    case "unmapped-uid":
      return [texts.unmappedUid(reason.uid)];
    case "mixed-uids":
      return [texts.mixedUids(reason.uids.join(", "))];
    case "time-wait":
      return [texts.timeWait(reason.count)];
    case "unsettled":
      return [texts.unsettled];
    case "still-in-use":
      return [texts.stillInUse];
  }
}

function sightCure(missing: readonly string[], texts: SharingTexts): string {
  return missing.length === 0 ? texts.sightHidden : texts.sightNeeds(missing.join(" + "));
}

function ptraceCure(scope: number | undefined, texts: SharingTexts): string {
  if (scope === undefined) return texts.ptracePolicy;
  return scope === 3 ? texts.ptraceNever : texts.ptraceScope(scope);
}
