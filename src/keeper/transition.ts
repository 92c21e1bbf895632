import type { NatBehavior } from "../core/behavior.ts";
import { type Endpoint, isSameEndpoint } from "../core/endpoint.ts";
import type { Protocol } from "../core/mapping.ts";
import type { UnusableCause } from "./errors.ts";

/** What of a tunnel's options decides transitions. */
export interface KeeperRules {
  readonly protocol: Protocol;
  /** Between keep-alives, in milliseconds; also the longest pause while helpers are dead. */
  readonly intervalMs: number;
  /** Between lookups without doubt, in milliseconds (TCP; UDP asks with every keep-alive). */
  readonly lookupIntervalMs: number;
  /** Announce although strangers were seen to be shut out. */
  readonly isForced: boolean;
}

/**
 * Where a mapping stands: no local address, port not bound yet, first lookup under way, external endpoint
 * known, or known to be useless here.
 */
export type KeeperPhase = "offline" | "binding" | "opening" | "mapped" | "unusable";

/** Everything that decides what happens next; a value. */
export interface KeeperState {
  readonly phase: KeeperPhase;
  /** Local address in use or wanted; `undefined` while there is none. */
  readonly address: string | undefined;
  /** Bound internal endpoint. */
  readonly internal: Endpoint | undefined;
  /** External endpoint last announced. */
  readonly announced: Endpoint | undefined;
  /** `lost` was told and nothing since. */
  readonly isLost: boolean;
  /** `again`: doubt arose during the lookup, so look once more. */
  readonly lookup: "idle" | "running" | "again";
  /** How many servers the running lookup asks. */
  readonly opinions: 1 | 2;
  /** Lookups in a row without any answer. */
  readonly lookupFailures: number;
  /** Lookups in a row whose two answers differed. */
  readonly disagreements: number;
  readonly bindFailures: number;
  /** Rechecks of an unusable NAT so far. */
  readonly unusableChecks: number;
  /** The anchor (the TCP connection that holds the mapping) stands. */
  readonly isAnchorUp: boolean;
  /** The anchor was opened after the doubt that is being looked into. */
  readonly isAnchorFresh: boolean;
  /** UDP filtering as probed; `pending` holds the first announcement back. */
  readonly filtering: NatBehavior | "pending";
  /** Answer that waits for the filtering probe. */
  readonly held: Endpoint | undefined;
}

/** What happened. */
export type KeeperInput =
  | { readonly type: "address"; readonly address: string | undefined }
  | { readonly type: "bound"; readonly internal: Endpoint }
  | { readonly type: "bind-failed" }
  /** `second` is another server's answer of the same lookup, where there is one. */
  | { readonly type: "answer"; readonly first: Endpoint; readonly second?: Endpoint | undefined }
  | { readonly type: "lookup-failed"; readonly reason: string }
  | { readonly type: "filtering"; readonly behavior: NatBehavior }
  | { readonly type: "anchor"; readonly isUp: boolean }
  /** `isRestart`: the NAT was seen to have forgotten its mappings, so the anchor is worthless. */
  | { readonly type: "doubt"; readonly isRestart: boolean }
  | { readonly type: "timer" };

/** What is to be done. */
export type KeeperAction =
  | { readonly type: "bind"; readonly address: string; readonly delayFailures: number }
  | { readonly type: "unbind" }
  | { readonly type: "open-anchor" }
  | { readonly type: "renew-anchor" }
  /** The anchor may be dead without knowing; a NAT that keeps its ports gives no other sign. */
  | { readonly type: "check-anchor" }
  | { readonly type: "look-up"; readonly opinions: 1 | 2 }
  | { readonly type: "probe-filtering" }
  /** Look again after `delayMs`, or after the backoff of `failures` if that is sooner; replaces what was scheduled. */
  | { readonly type: "schedule"; readonly delayMs: number; readonly failures: number }
  /** Look again no later than in `delayMs`. */
  | { readonly type: "hasten"; readonly delayMs: number }
  | { readonly type: "cancel" }
  | { readonly type: "announce"; readonly event: Announcement }
  | { readonly type: "give-up"; readonly unusable: UnusableCause }
  | {
    readonly type: "report";
    readonly what: "no-stun-answer" | "stun-answers-again";
    readonly reason: string;
  };

/** A {@linkcode KeeperAction} for the world; the shell adds name and time. */
export type Announcement =
  | { readonly event: "mapped" | "restored"; readonly internal: Endpoint; readonly external: Endpoint }
  | {
    readonly event: "changed";
    readonly internal: Endpoint;
    readonly external: Endpoint;
    readonly previous: Endpoint;
  }
  | { readonly event: "lost"; readonly external: Endpoint; readonly reason: string };

/** Next state and what to do, in order. */
export interface Transition {
  readonly state: KeeperState;
  readonly actions: readonly KeeperAction[];
}

/** A second disagreement rules out a NAT restart between the two answers. */
const DISAGREEMENTS_TO_GIVE_UP = 2;
/** A NAT that was unusable a minute ago rarely changed; one that was for a day hardly ever does. */
const UNUSABLE_RECHECK_MS = 60_000;
const UNUSABLE_RECHECK_MAX_MS = 3_600_000;

/** Before anything is known. */
export const initialKeeperState: KeeperState = {
  phase: "offline",
  address: undefined,
  internal: undefined,
  announced: undefined,
  isLost: false,
  lookup: "idle",
  opinions: 2,
  lookupFailures: 0,
  disagreements: 0,
  bindFailures: 0,
  unusableChecks: 0,
  isAnchorUp: false,
  isAnchorFresh: false,
  filtering: "unknown",
  held: undefined,
};

/**
 * Decides what one input changes. Pure: no clock, no randomness, no I/O.
 *
 * Guarantees: nothing is torn down because a helper (STUN server, keep-alive host) is missing; an external
 * endpoint is announced once per change; after `give-up` nothing is announced until a later lookup is good.
 */
export function transition(state: KeeperState, input: KeeperInput, rules: KeeperRules): Transition {
  switch (input.type) {
    case "address":
      return onAddress(state, input.address);
    case "bound":
      return onBound(state, input.internal, rules);
    case "bind-failed":
      return onBindFailed(state);
    case "answer":
      return onAnswer(state, input, rules);
    case "lookup-failed":
      return onLookupFailed(state, input.reason, rules);
    case "filtering":
      return onFiltering(state, input.behavior, rules);
    case "anchor":
      return onAnchor(state, input.isUp, rules);
    case "doubt":
      return onDoubt(state, input.isRestart, rules);
    case "timer":
      return onTimer(state, rules);
  }
}

function onAddress(state: KeeperState, address: string | undefined): Transition {
  if (address === undefined) {
    if (state.phase === "offline") return { state, actions: [] };
    return {
      state: { ...state, phase: "offline", lookup: "idle", isLost: state.announced !== undefined },
      actions: [{ type: "cancel" }, ...lossOf(state, "no-local-address")],
    };
  }
  const isBack = state.phase === "offline" && state.internal !== undefined;
  if (address === state.address && isBack) {
    return {
      state: { ...state, phase: "opening", lookup: "running", opinions: 2, isAnchorFresh: false },
      actions: [{ type: "renew-anchor" }, { type: "look-up", opinions: 2 }],
    };
  }
  if (address === state.address && state.phase !== "offline") return { state, actions: [] };
  return {
    state: {
      ...state,
      phase: "binding",
      address,
      internal: undefined,
      lookup: "idle",
      isAnchorUp: false,
      isAnchorFresh: false,
      bindFailures: 0,
      disagreements: 0,
      held: undefined,
      isLost: state.announced !== undefined,
    },
    actions: [
      ...lossOf(state, "local-address-changed"),
      { type: "cancel" },
      { type: "unbind" },
      { type: "bind", address, delayFailures: 0 },
    ],
  };
}

function onBound(state: KeeperState, internal: Endpoint, rules: KeeperRules): Transition {
  const probes = rules.protocol === "udp";
  return {
    state: {
      ...state,
      phase: "opening",
      internal,
      bindFailures: 0,
      lookup: "running",
      opinions: 2,
      filtering: probes ? "pending" : "unknown",
    },
    actions: [
      { type: "open-anchor" },
      { type: "look-up", opinions: 2 },
      ...(probes ? [{ type: "probe-filtering" } as const] : []),
    ],
  };
}

function onBindFailed(state: KeeperState): Transition {
  if (state.phase !== "binding" || state.address === undefined) return { state, actions: [] };
  const bindFailures = state.bindFailures + 1;
  return {
    state: { ...state, bindFailures, isLost: state.announced !== undefined },
    actions: [
      ...lossOf(state, "port-unavailable"),
      { type: "bind", address: state.address, delayFailures: bindFailures },
    ],
  };
}

function onAnswer(
  state: KeeperState,
  input: { readonly first: Endpoint; readonly second?: Endpoint | undefined },
  rules: KeeperRules,
): Transition {
  if (state.lookup === "idle" || state.internal === undefined) return { state, actions: [] };
  const { first, second } = input;
  const heard = { ...state, lookup: "idle" as const, lookupFailures: 0 };
  const reports: KeeperAction[] = state.lookupFailures > 0
    ? [{ type: "report", what: "stun-answers-again", reason: "" }]
    : [];
  if (second !== undefined && !isSameEndpoint(first, second) && !rules.isForced) {
    return prefixed(reports, onDisagreement(heard, [first, second], rules));
  }
  const isNews = state.announced !== undefined && !isSameEndpoint(first, state.announced);
  if (isNews && state.opinions === 1) return prefixed(reports, lookAgain(heard, 2));
  const settled = settle({ ...heard, disagreements: 0 }, first, rules);
  if (state.lookup !== "again") return prefixed(reports, settled);
  const again = lookAgain(settled.state, 2);
  return { state: again.state, actions: [...reports, ...settled.actions, ...again.actions] };
}

function onDisagreement(
  state: KeeperState,
  seen: readonly [Endpoint, Endpoint],
  rules: KeeperRules,
): Transition {
  const disagreements = state.disagreements + 1;
  if (disagreements < DISAGREEMENTS_TO_GIVE_UP) return lookAgain({ ...state, disagreements }, 2);
  return giveUp({ ...state, disagreements }, { kind: "address-dependent-mapping", seen }, rules);
}

/** The external endpoint is known: announce what is new about it. */
function settle(state: KeeperState, external: Endpoint, rules: KeeperRules): Transition {
  if (state.filtering === "pending" && (state.announced === undefined || state.phase === "unusable")) {
    return { state: { ...state, held: external }, actions: [] };
  }
  if (isShut(state.filtering) && !rules.isForced) {
    return giveUp(state, { kind: "filtering", behavior: state.filtering }, rules);
  }
  const { announced, internal } = state;
  if (internal === undefined) return { state, actions: [] };
  const isSame = isSameEndpoint(announced, external);
  const actions: KeeperAction[] = [];
  if (announced === undefined) {
    actions.push({ type: "announce", event: { event: "mapped", internal, external } });
  } else if (!isSame) {
    actions.push({ type: "announce", event: { event: "changed", internal, external, previous: announced } });
    if (state.isAnchorUp && !state.isAnchorFresh) actions.push({ type: "renew-anchor" });
  } else if (state.isLost) {
    actions.push({ type: "announce", event: { event: "restored", internal, external } });
  }
  const next: KeeperState = {
    ...state,
    phase: "mapped",
    announced: external,
    isLost: false,
    isAnchorFresh: false,
    unusableChecks: 0,
    held: undefined,
  };
  actions.push({ type: "schedule", delayMs: pauseMs(next, rules), failures: 0 });
  return { state: next, actions };
}

function giveUp(state: KeeperState, unusable: UnusableCause, rules: KeeperRules): Transition {
  const delayMs = Math.min(
    UNUSABLE_RECHECK_MAX_MS,
    Math.max(rules.intervalMs, UNUSABLE_RECHECK_MS * 2 ** Math.min(state.unusableChecks, 10)),
  );
  return {
    state: {
      ...state,
      phase: "unusable",
      isLost: state.announced !== undefined,
      disagreements: 0,
      unusableChecks: state.unusableChecks + 1,
      held: undefined,
    },
    actions: [
      ...lossOf(state, unusable.kind),
      { type: "give-up", unusable },
      { type: "schedule", delayMs, failures: 0 },
    ],
  };
}

function onLookupFailed(state: KeeperState, reason: string, rules: KeeperRules): Transition {
  if (state.lookup === "idle") return { state, actions: [] };
  const lookupFailures = state.lookupFailures + 1;
  const isGone = state.phase === "opening" && state.announced !== undefined;
  return {
    state: {
      ...state,
      lookup: "idle",
      lookupFailures,
      isLost: state.isLost || isGone,
    },
    actions: [
      ...(isGone ? lossOf(state, "no-stun-answer") : []),
      ...(lookupFailures === 1 ? [{ type: "report", what: "no-stun-answer", reason } as const] : []),
      { type: "schedule", delayMs: rules.intervalMs, failures: lookupFailures },
    ],
  };
}

function onFiltering(state: KeeperState, behavior: NatBehavior, rules: KeeperRules): Transition {
  const told: KeeperState = { ...state, filtering: behavior };
  if (state.held !== undefined) return settle({ ...told, held: undefined }, state.held, rules);
  if (state.phase === "mapped" && isShut(behavior) && !rules.isForced) {
    return giveUp(told, { kind: "filtering", behavior }, rules);
  }
  return { state: told, actions: [] };
}

function onAnchor(state: KeeperState, isUp: boolean, rules: KeeperRules): Transition {
  const next: KeeperState = { ...state, isAnchorUp: isUp, isAnchorFresh: isUp };
  // While nothing holds the connection, lookups do: they leave from the same internal endpoint.
  const isHelpNeeded = state.isAnchorUp && !isUp && state.phase === "mapped" && state.lookup === "idle";
  return { state: next, actions: isHelpNeeded ? [{ type: "hasten", delayMs: pauseMs(next, rules) }] : [] };
}

function onDoubt(state: KeeperState, isRestart: boolean, rules: KeeperRules): Transition {
  if (state.internal === undefined || state.phase === "offline") return { state, actions: [] };
  const next: KeeperState = { ...state, isAnchorFresh: false };
  const actions: KeeperAction[] = [];
  if (rules.protocol === "tcp" && (isRestart || state.isAnchorUp)) {
    actions.push({ type: isRestart ? "renew-anchor" : "check-anchor" });
  }
  if (state.lookup !== "idle") return { state: { ...next, lookup: "again" }, actions };
  return prefixed(actions, lookAgain(next, 2));
}

function onTimer(state: KeeperState, rules: KeeperRules): Transition {
  if (state.lookup !== "idle" || state.internal === undefined || state.phase === "offline") {
    return { state, actions: [] };
  }
  if (state.phase === "unusable" && rules.protocol === "udp") {
    const again = lookAgain({ ...state, filtering: "pending", disagreements: 0 }, 2);
    return { state: again.state, actions: [...again.actions, { type: "probe-filtering" }] };
  }
  return lookAgain(state, state.phase === "mapped" && state.lookupFailures === 0 ? 1 : 2);
}

function lookAgain(state: KeeperState, opinions: 1 | 2): Transition {
  return { state: { ...state, lookup: "running", opinions }, actions: [{ type: "look-up", opinions }] };
}

function prefixed(actions: readonly KeeperAction[], then: Transition): Transition {
  return { state: then.state, actions: [...actions, ...then.actions] };
}

function lossOf(state: KeeperState, reason: string): readonly KeeperAction[] {
  if (state.announced === undefined || state.isLost) return [];
  return [{ type: "announce", event: { event: "lost", external: state.announced, reason } }];
}

function pauseMs(state: KeeperState, rules: KeeperRules): number {
  if (rules.protocol === "udp" || !state.isAnchorUp) return rules.intervalMs;
  return rules.lookupIntervalMs;
}

function isShut(
  filtering: KeeperState["filtering"],
): filtering is "address-dependent" | "address-and-port-dependent" {
  return filtering === "address-dependent" || filtering === "address-and-port-dependent";
}
