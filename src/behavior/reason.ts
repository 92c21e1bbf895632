/** What kept something from being found out, or what was seen; one code for one sentence in each language. */
export type ReasonCode =
  /** No server has an address that can be reached. */
  | "no-route"
  /** No name of a server resolves. */
  | "no-server"
  /** The port cannot be bound. */
  | "bind-failed"
  /** Nobody answered. */
  | "no-answer"
  /** Fewer servers answered than are needed. */
  | "few-answers"
  /** Servers disagree, and none can tell whether the address or also the port of the server matters. */
  | "not-told-apart"
  /** One server says otherwise than the others. */
  | "contradicted"
  /** No server offers RFC 5780. */
  | "no-rfc5780"
  /** Servers did not do what CHANGE-REQUEST asks. */
  | "not-honoured"
  /** Servers refused CHANGE-REQUEST. */
  | "refused"
  /** The mapping depends on the destination, so the control experiment proves nothing. */
  | "mapping-varies"
  /** Answers came too late to tell what let them in. */
  | "too-late"
  /** There is no hairpinning, and nobody outside was asked to knock. */
  | "nobody-knocked"
  /** Somebody outside knocked and did not get in; who would is not known. */
  | "strangers-kept-out"
  /** Somebody outside got in, but from an address this host had talked to: strangers may be kept out. */
  | "known-got-in"
  /** Somebody outside was asked and could not tell. */
  | "outside-unsure"
  /** There is no NAT, so that knocking at the own address proves nothing, and nobody outside was asked. */
  | "no-nat"
  /** Over the other transport another external address was seen. */
  | "other-transport"
  /** The servers are in a private network, too; what those outside see was not seen. */
  | "inner-servers"
  /** Too few sockets were seen. */
  | "few-samples"
  /** Follows from another finding that is unknown. */
  | "depends-on-unknown"
  /** The time was up. */
  | "time-up"
  /** A server or an answer has an address of 198.18.0.0/15. */
  | "fake-ip"
  /** Answers came faster than from anywhere. */
  | "too-fast"
  /** A TCP connection to an address that nobody has was taken. */
  | "answers-for-nobody"
  /** Something of the check itself failed; `detail` says what. */
  | "failed";

/** Why something is unknown, or what a suspicion rests on. */
export interface Reason {
  /** For programs and for translation. */
  readonly code: ReasonCode;
  /** One English clause without a full stop, complete in itself. */
  readonly text: string;
  /** The part of {@linkcode text} that differs from case to case: a number, an endpoint, what the kernel said. */
  readonly detail?: string | undefined;
}

/** Clause of each code; `%` is where the detail goes, where the clause has one. */
const CLAUSES: Readonly<Record<ReasonCode, string>> = {
  "no-route": "no route to any STUN server",
  "no-server": "no STUN server to ask",
  "bind-failed": "the port cannot be bound",
  "no-answer": "no STUN server answered",
  "few-answers": "too few STUN servers answered",
  "not-told-apart": "no server could tell whether the port matters besides the address",
  "contradicted": "one server contradicts the others",
  "no-rfc5780": "no STUN server that answers offers RFC 5780",
  "not-honoured": "no STUN server honoured CHANGE-REQUEST",
  "refused": "the STUN server refused CHANGE-REQUEST",
  "mapping-varies": "the mapping depends on the destination",
  "too-late": "answers came too late to tell",
  "nobody-knocked": "no hairpinning was seen, and nobody outside was asked to knock",
  "strangers-kept-out": "a stranger did not get in; whether others would is not known",
  "known-got-in": "somebody outside got in, but from an address this host had talked to",
  "outside-unsure": "nobody outside could tell",
  "no-nat": "there is no NAT, and nobody outside was asked to knock",
  "other-transport": "over the other transport another address was seen",
  "inner-servers": "the address seen is no public one, so the STUN servers are not outside",
  "few-samples": "too few sockets were seen",
  "depends-on-unknown": "another finding is unknown",
  "time-up": "the time was up",
  "fake-ip": "an address of 198.18.0.0/15 was given out",
  "too-fast": "answers came faster than from anywhere",
  "answers-for-nobody": "a connection to an address that nobody has was taken",
  "failed": "the probe failed",
};

/** A reason in words; `detail` follows in brackets. */
export function reason(code: ReasonCode, detail?: string): Reason {
  const clause = CLAUSES[code];
  return detail === undefined ? { code, text: clause } : { code, text: `${clause} (${detail})`, detail };
}
