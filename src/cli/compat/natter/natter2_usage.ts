import { NATTER2_METHODS } from "./natter2_args.ts";
import { NATTER2_VERSION } from "./natter2_lines.ts";

/** The head of every complaint about a command line. */
export const NATTER2_SYNOPSIS: readonly string[] = [
  "usage: natter.py [--version] [--help] [--check] [-v] [-q] [-u] [-U] [-k N] [-s HOST[:PORT]] [-h HOST[:PORT]]",
  "                 [-e SCRIPT] [-i ADDRESS|DEVICE] [-b PORT] [-m METHOD] [-t ADDRESS] [-p PORT] [-r]",
  "                 [-key NAME SCRIPT] [--stun HOST[:PORT]] [--keep-alive HOST[:PORT]] [--json]",
];

/** What `--version` prints: the Natter whose command line this is. */
export const NATTER2_VERSION_LINE: string = `Natter ${NATTER2_VERSION}`;

/** What `--help` prints. */
export const NATTER2_HELP: readonly string[] = [
  ...NATTER2_SYNOPSIS,
  "",
  "Expose a port behind a full-cone NAT; this is porthole taking Natter 2's command line.",
  "",
  "options:",
  "  --version, -V      show the version of Natter that is followed, and exit",
  "  --help             show this help, and exit",
  "  --check            check the NAT, and exit",
  "  -v                 show debug lines",
  "  -q                 exit when the mapped address changes",
  "  -u                 UDP instead of TCP",
  "  -U                 ask the router to let visitors in (PCP, NAT-PMP, UPnP)",
  "  -k N               seconds between keep-alives (15)",
  "  -s HOST[:PORT]     STUN server; repeatable",
  "  -h HOST[:PORT]     keep-alive server",
  "  -e SCRIPT          run SCRIPT PROTOCOL INNER_IP INNER_PORT OUTER_IP OUTER_PORT for every new mapping",
  "  -key NAME SCRIPT   the same, with NAME as the sixth argument (POT)",
  "",
  "bind options:",
  "  -i ADDRESS|DEVICE  address or network interface to bind",
  "  -b PORT            port to bind (any)",
  "",
  "forward options:",
  `  -m METHOD          ${NATTER2_METHODS.slice(0, 6).join(", ")},`,
  `                     ${NATTER2_METHODS.slice(6).join(", ")}`,
  "  -t ADDRESS         address to forward to (this host)",
  "  -p PORT            port to forward to (the public port)",
  "  -r                 wait until the target port is open",
  "",
  "porthole's own options:",
  "  --stun HOST[:PORT], --keep-alive HOST[:PORT]",
  "                     servers instead of -s, -h and the built-in ones; repeatable",
  "  --json             JSON lines of every event on stdout as well",
];
