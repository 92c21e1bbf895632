/** What {@linkcode runCommand} takes besides the command line. */
export interface RunCommandOptions {
  /** Text for standard input. */
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/**
 * Runs a program to its end.
 *
 * @returns What it wrote to standard output.
 * @throws {Error} If it ends with another status than 0; the message holds what it wrote to standard error.
 */
export async function runCommand(
  commandLine: readonly string[],
  options: RunCommandOptions = {},
): Promise<string> {
  const [program = "", ...args] = commandLine;
  await using child = new Deno.Command(program, {
    args,
    stdin: options.input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(options.signal ? { signal: options.signal } : {}),
  }).spawn();
  const feeding = options.input === undefined ? undefined : feed(child.stdin, options.input);
  const [stdout, stderr, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.status,
    feeding,
  ]);
  if (!status.success) {
    options.signal?.throwIfAborted();
    throw new Error(`Cannot run ${commandLine.join(" ")}: status ${status.code}: ${stderr.trim()}`);
  }
  return stdout;
}

async function feed(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // The program ended before it read everything; its status tells why.
  }
}

/** The command line that runs something inside a network namespace. */
export function inNamespace(namespace: string, commandLine: readonly string[]): string[] {
  return ["ip", "netns", "exec", namespace, ...commandLine];
}
