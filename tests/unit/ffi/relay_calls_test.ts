import assert from "node:assert/strict";
import {
  bindSocket,
  connectSocket,
  Descriptor,
  descriptorLimit,
  type DescriptorObserver,
  ERRNO,
  EventFd,
  holdLibc,
  localAddress,
  observeDescriptors,
  openDatagramSocket,
  Pipe,
  raiseDescriptorLimit,
  receiveInto,
  sendFrom,
  spliceBytes,
} from "../../../ffi/mod.ts";
import { withFdCheck } from "../../leak.ts";

const LOOPBACK = { bytes: Uint8Array.of(127, 0, 0, 1), port: 0, scopeId: 0 };

Deno.test("Pipe.open() gives the first size that the kernel grants, and what it likes when none is", () =>
  withFdCheck(() => {
    using _libc = holdLibc();
    using large = Pipe.open([2 ** 31 - 1, 65_536]);
    assert.equal(large.capacity, 65_536);
    using any = Pipe.open([]);
    assert.ok(any.capacity >= 4096, `${any.capacity}`);
  }));

Deno.test("spliceBytes() gives the negative errno when nothing is there or it is refused", () =>
  withFdCheck(() => {
    using _libc = holdLibc();
    using a = Pipe.open([]);
    using b = Pipe.open([]);
    assert.equal(spliceBytes(a.readEnd.number, b.writeEnd.number, 100), -ERRNO.EAGAIN);
    assert.equal(spliceBytes(a.readEnd.number, a.readEnd.number, 100), -9); // EBADF: not open for writing
  }));

Deno.test("sendFrom() and receiveInto() take the bytes asked for, and say EAGAIN when there are none", () =>
  withFdCheck(() => {
    using _libc = holdLibc();
    using receiver = openDatagramSocket(4);
    bindSocket(receiver, LOOPBACK, "loopback");
    using sender = openDatagramSocket(4);
    connectSocket(sender, localAddress(receiver), "loopback");
    const buffer = new Uint8Array(10);
    assert.equal(receiveInto(receiver.number, buffer, 10), -ERRNO.EAGAIN);
    assert.equal(sendFrom(sender.number, Uint8Array.of(1, 2, 3, 4), 3), 3);
    assert.equal(receiveInto(receiver.number, buffer, 10), 3);
    assert.deepEqual([...buffer.subarray(0, 4)], [1, 2, 3, 0]);
  }));

Deno.test("raiseDescriptorLimit() never lowers the limit and stays below the hard one", () => {
  using _libc = holdLibc();
  const { soft, hard } = descriptorLimit();
  assert.ok(soft <= hard);
  assert.equal(raiseDescriptorLimit(1), soft);
  assert.equal(descriptorLimit().soft, soft);
  assert.ok(raiseDescriptorLimit(Infinity) <= hard || hard === Infinity);
});

Deno.test("observeDescriptors() tells of each descriptor once at its beginning and once at its end", () => {
  using _libc = holdLibc();
  const told: string[] = [];
  const observer: DescriptorObserver = {
    opened: (fd) => told.push(`+${fd}`),
    closed: (fd) => told.push(`-${fd}`) > 0,
  };
  observeDescriptors(observer);
  const bell = new EventFd();
  const { number } = bell.descriptor;
  bell[Symbol.dispose]();
  bell[Symbol.dispose]();
  observeDescriptors(undefined);
  new EventFd()[Symbol.dispose]();
  assert.deepEqual(told, [`+${number}`, `-${number}`]);
});

Deno.test("a Descriptor leaves the number alone when its observer says that another thread has taken it", () => {
  using _libc = holdLibc();
  observeDescriptors({ opened: () => {}, closed: () => false });
  const bell = new EventFd();
  const { number } = bell.descriptor;
  bell[Symbol.dispose]();
  observeDescriptors(undefined);
  assert.ok(bell.descriptor.isClosed);
  assert.ok(Deno.readLinkSync(`/proc/self/fd/${number}`).includes("eventfd"));
  new Descriptor(number)[Symbol.dispose]();
});
