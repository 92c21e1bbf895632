/**
 * Reads a whole file; a longer one only up to `mostBytes` and one more, so that its length shows. Works for pipes too.
 *
 * @throws {Error} With the system's code.
 */
export async function readFile(path: string, mostBytes: number): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length <= mostBytes) {
    const chunk = new Uint8Array(64 * 1024);
    const count = await file.read(chunk);
    if (count === null) break;
    chunks.push(chunk.subarray(0, count));
    length += count;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes.subarray(0, mostBytes + 1);
}
