import type { ReadFile } from "../../../src/config/secrets.ts";

function failure(code: string): Error {
  return Object.assign(new Error(`fake ${code}`), { code });
}

/** Files by absolute path; some names stand for trouble: `folder`, `denied`, `broken`. */
export function fakeFiles(files: Readonly<Record<string, string | Uint8Array>>): ReadFile {
  const troubles: Readonly<Record<string, string>> = { folder: "EISDIR", denied: "EACCES", broken: "EIO" };
  return (path, mostBytes) => {
    const content = files[path];
    if (content === undefined) {
      return Promise.reject(failure(troubles[path.split("/").at(-1) ?? ""] ?? "ENOENT"));
    }
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    return Promise.resolve(bytes.subarray(0, mostBytes + 1));
  };
}
