/** Process entry: hands the arguments to the command line and exits with its status. */
import { systemHost } from "./src/cli/host.ts";
import { runCli } from "./src/cli/run_cli.ts";

if (import.meta.main) {
  runCli(Deno.args, systemHost((code) => Deno.exit(code))).then((code) => Deno.exit(code));
}
