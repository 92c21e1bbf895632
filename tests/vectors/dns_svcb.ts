/** RFC 9460, appendix D: presentation forms and wire formats. */

/** One vector. */
export interface BindingVector {
  readonly text: string;
  /** In hexadecimal. */
  readonly rdata: string;
  /** How we write it, where that differs. */
  readonly written?: string;
}

/** D.1 and D.2. */
export const BINDINGS: readonly BindingVector[] = [
  { text: "0 foo.example.com.", rdata: "000003666f6f076578616d706c6503636f6d00" },
  { text: "1 .", rdata: "000100" },
  { text: "16 foo.example.com. port=53", rdata: "001003666f6f076578616d706c6503636f6d00000300020035" },
  {
    text: "1 foo.example.com. key667=hello",
    rdata: "000103666f6f076578616d706c6503636f6d00029b000568656c6c6f",
  },
  {
    text: '1 foo.example.com. key667="hello\\210qoo"',
    rdata: "000103666f6f076578616d706c6503636f6d00029b000968656c6c6fd2716f6f",
  },
  {
    text: '1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"',
    rdata:
      "000103666f6f076578616d706c6503636f6d000006002020010db800000000000000000000000120010db8000000000000000000530001",
    written: "1 foo.example.com. ipv6hint=2001:db8::1,2001:db8::53:1",
  },
  {
    text: '1 example.com. ipv6hint="2001:db8:122:344::192.0.2.33"',
    rdata: "0001076578616d706c6503636f6d000006001020010db80122034400000000c0000221",
    written: "1 example.com. ipv6hint=2001:db8:122:344::c000:221",
  },
  {
    text: "16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1",
    rdata: "001003666f6f076578616d706c65036f7267000000000400010004000100090268320568332d313900040004c0000201",
    written: "16 foo.example.org. mandatory=alpn,ipv4hint alpn=h2,h3-19 ipv4hint=192.0.2.1",
  },
  {
    text: '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
    rdata: "001003666f6f076578616d706c65036f7267000001000c08665c6f6f2c626172026832",
  },
  {
    text: "16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2",
    rdata: "001003666f6f076578616d706c65036f7267000001000c08665c6f6f2c626172026832",
    written: '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
  },
];

/** D.3: what no record can have. */
export const BROKEN_BINDINGS: readonly string[] = [
  "1 foo.example.com. key123=abc key123=def",
  "1 foo.example.com. mandatory",
  "1 foo.example.com. alpn",
  "1 foo.example.com. port",
  "1 foo.example.com. ipv4hint",
  "1 foo.example.com. ipv6hint",
  "1 foo.example.com. no-default-alpn=abc",
  "1 foo.example.com. mandatory=key123",
  "1 foo.example.com. mandatory=mandatory",
  "1 foo.example.com. mandatory=key123,key123 key123=abc",
];
