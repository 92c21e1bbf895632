import assert from "node:assert/strict";
import { Epoll, EpollEvents, EPOLLIN, epollLayout, EPOLLOUT, EventFd, holdLibc } from "../../../ffi/mod.ts";
import { withFdCheck } from "../../leak.ts";

const ID = 0x1_2345_6789;

Deno.test("EpollEvents lays struct epoll_event out packed on x86-64", () => {
  const events = new EpollEvents(2, "x86_64");
  events.set(1, EPOLLIN, ID);
  assert.deepEqual(epollLayout("x86_64"), { bytes: 12, dataOffset: 4 });
  assert.equal(events.bytes.toHex(), "00".repeat(12) + "01000000" + "8967452301000000");
  assert.deepEqual([events.eventsAt(1), events.idAt(1)], [EPOLLIN, ID]);
});

Deno.test("EpollEvents lays struct epoll_event out aligned on arm64", () => {
  const events = new EpollEvents(2, "aarch64");
  events.set(1, EPOLLOUT, ID);
  assert.deepEqual(epollLayout("aarch64"), { bytes: 16, dataOffset: 8 });
  assert.equal(events.bytes.toHex(), "00".repeat(16) + "04000000" + "00000000" + "8967452301000000");
  assert.deepEqual([events.eventsAt(1), events.idAt(1)], [EPOLLOUT, ID]);
});

Deno.test("EpollEvents keeps ids up to 2^53 - 1", () => {
  const events = new EpollEvents(1);
  events.set(0, 0xffff_ffff, Number.MAX_SAFE_INTEGER);
  assert.deepEqual([events.eventsAt(0), events.idAt(0)], [0xffff_ffff, Number.MAX_SAFE_INTEGER]);
});

Deno.test("Epoll tells of a descriptor while it is ready, and not after remove()", () =>
  withFdCheck(() => {
    using _libc = holdLibc();
    using epoll = new Epoll();
    using bell = new EventFd();
    const events = new EpollEvents(4);
    epoll.add(bell.descriptor, EPOLLIN, ID);
    assert.equal(epoll.poll(events), 0);
    bell.ring();
    bell.ring();
    assert.equal(epoll.poll(events), 1);
    assert.deepEqual([events.eventsAt(0), events.idAt(0)], [EPOLLIN, ID]);
    bell.silence();
    bell.silence(); // never waits
    assert.equal(epoll.poll(events), 0);
    epoll.change(bell.descriptor, EPOLLOUT, 5);
    assert.equal(epoll.poll(events), 1);
    assert.deepEqual([events.eventsAt(0), events.idAt(0)], [EPOLLOUT, 5]);
    epoll.remove(bell.descriptor);
    assert.equal(epoll.poll(events), 0);
    assert.throws(() => epoll.remove(bell.descriptor), { code: "ENOENT", call: "epoll_ctl" });
  }));

Deno.test("Epoll.park() waits on another thread and returns when a descriptor gets ready", () =>
  withFdCheck(async () => {
    using _libc = holdLibc();
    using epoll = new Epoll();
    using bell = new EventFd();
    const events = new EpollEvents(4);
    epoll.add(bell.descriptor, EPOLLIN, ID);
    const parked = epoll.park(events);
    await new Promise<void>((resolve) => setImmediate(resolve)); // the event loop goes on meanwhile
    bell.ring();
    assert.equal(await parked, 1);
    assert.equal(events.idAt(0), ID);
  }));

Deno.test("Epoll.park() throws with the real cause when the call fails", () =>
  withFdCheck(async () => {
    using _libc = holdLibc();
    using epoll = new Epoll();
    await assert.rejects(epoll.park(new EpollEvents(0)), { code: "EINVAL", call: "epoll_wait" });
  }));
