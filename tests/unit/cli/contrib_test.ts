import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parseCommandLine } from "../../../src/cli/command_line.ts";
import { textsOf } from "../../../src/text/texts.ts";

const CONTRIB = fileURLToPath(new URL("../../../contrib/", import.meta.url));

/** Every command line of ours in a file of contrib, and how it names the program. */
const LINES: readonly (readonly [string, RegExp])[] = [
  ["systemd/porthole.service", /^ExecStart=(?:\S*\/)?porthole (.*)$/gm],
  ["systemd/porthole-health.service", /^ExecStart=(?:\S*\/)?porthole (.*)$/gm],
  ["cron/porthole-health", /\bporthole (health [^>|;&]*)/g],
];

for (const [file, pattern] of LINES) {
  Deno.test(`contrib/${file} calls porthole as its command line is`, async () => {
    const text = await Deno.readTextFile(CONTRIB + file);
    const lines = [...text.matchAll(pattern)].map(([, args = ""]) =>
      args.trim().split(/\s+/).filter((arg) => !arg.startsWith("$"))
    );
    assert.ok(lines.length > 0, "no command line found");
    for (const args of lines) {
      assert.equal(parseCommandLine(args, { texts: textsOf("en") }).kind, "command", args.join(" "));
    }
  });
}
