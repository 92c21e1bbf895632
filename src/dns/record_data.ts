/** Record types that porthole publishes (RFC 1035, 2782, 3596, 9460). */
export type RecordType = "A" | "AAAA" | "SRV" | "TXT" | "HTTPS" | "SVCB";

/** The data of one record; names in it are canonical (core/domain_name.ts), addresses too. */
export type RecordData =
  | { readonly type: "A" | "AAAA"; readonly address: string }
  | {
    readonly type: "SRV";
    readonly priority: number;
    readonly weight: number;
    readonly port: number;
    /** Canonical name; `.` for "no such service" (RFC 2782). */
    readonly target: string;
  }
  | {
    readonly type: "TXT";
    /**
     * Character strings of up to 255 bytes each, in order (RFC 1035, section 3.3.14); UTF-8, and bytes that are none as
     * dns/byte_text.ts keeps them.
     */
    readonly strings: readonly string[];
  }
  | {
    readonly type: "HTTPS" | "SVCB";
    /** 0 is alias mode (RFC 9460, section 2.4.2). */
    readonly priority: number;
    /** Canonical name; `.` is the owner name itself. */
    readonly target: string;
    readonly params: ServiceParams;
  };

/** Service parameters (RFC 9460, section 7) that porthole writes; `more` keeps what others wrote. */
export interface ServiceParams {
  /** Protocol ids, at least one (section 7.1). */
  readonly alpn?: readonly string[] | undefined;
  /** Instead of the default port of the service (section 7.2). */
  readonly port?: number | undefined;
  /** Canonical addresses, at least one (section 7.3). */
  readonly ipv4hint?: readonly string[] | undefined;
  /** Canonical addresses, at least one (section 7.3). */
  readonly ipv6hint?: readonly string[] | undefined;
  /** Others, as `key=value` in presentation form, in the order of their keys. */
  readonly more?: readonly string[] | undefined;
}
