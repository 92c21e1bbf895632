import assert from "node:assert/strict";
import { systemRandom } from "../../../src/core/random.ts";
import { claimOwner, livingOwners, parseOwners } from "../../../src/forward/nft_owner.ts";
import { hostView } from "../../../src/forward/nft_probe.ts";

const ignore = Deno.build.os !== "linux";

Deno.test("claimOwner() is seen as living until it is disposed", { ignore }, async () => {
  const owner = claimOwner(systemRandom);
  assert.match(owner.id, new RegExp(`^p${Deno.pid}_[0-9a-f]{8}$`));
  assert.ok((await livingOwners(hostView)).has(owner.id));
  owner[Symbol.dispose]();
  assert.ok(!(await livingOwners(hostView)).has(owner.id));
});

Deno.test("claimOwner() refuses a mark that is taken", { ignore }, () => {
  const random = { ...systemRandom, bytes: (length: number) => new Uint8Array(length) };
  using _owner = claimOwner(random);
  assert.throws(() => claimOwner(random), Deno.errors.AddrInUse);
});

Deno.test("parseOwners() knows our marks only", () => {
  const text = [
    "Num       RefCount Protocol Flags    Type St Inode Path",
    "00000000beb35420: 00000002 00000000 00010000 0001 01 783199 @porthole/nft/p12_0a1b2c3d",
    "00000000beb35421: 00000002 00000000 00010000 0001 01 783190 @/tmp/.X11-unix/X0",
    "00000000beb35422: 00000002 00000000 00010000 0001 01 783191 /tmp/porthole/nft/p13_0a1b2c3d",
    "00000000beb35423: 00000002 00000000 00010000 0001 01 783192",
  ].join("\n");
  assert.deepEqual([...parseOwners(text)], ["p12_0a1b2c3d"]);
});

Deno.test("livingOwners() refuses to guess when sockets are not listed", async () => {
  const host = { ...hostView, readText: (): Promise<undefined> => Promise.resolve(undefined) };
  await assert.rejects(livingOwners(host), { code: "nft_owners_unknown" });
});
