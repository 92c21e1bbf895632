/**
 * A wire with delay, as the kernel here has no netem: makes two TUN devices and carries packets between them.
 * Arguments: names of both devices, one-way delay in milliseconds. Prints `ready` once both are there.
 */

/** linux/if_tun.h */
const TUNSETIFF = 0x400454can;
/** linux/if_tun.h: IFF_TUN | IFF_NO_PI */
const TUN_WITHOUT_HEADER = 0x1001;
const IS_LITTLE_ENDIAN = true;
/** fcntl.h */
const O_RDWR = 2;
const O_CLOEXEC = 0o2000000;
/** More than the MTU of these devices. */
const PACKET_BYTES = 2048;

const libc = Deno.dlopen("libc.so.6", {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize", nonblocking: true },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
});

function openTun(name: string): number {
  const path = new TextEncoder().encode("/dev/net/tun\0");
  const fd = libc.symbols.open(path, O_RDWR | O_CLOEXEC);
  // struct ifreq: the name in 16 bytes, then the flags.
  const request = new Uint8Array(40);
  request.set(new TextEncoder().encode(name));
  new DataView(request.buffer).setUint16(16, TUN_WITHOUT_HEADER, IS_LITTLE_ENDIAN);
  if (fd < 0 || libc.symbols.ioctl(fd, TUNSETIFF, request) !== 0) {
    throw new Error(`Cannot make ${name}: refused`);
  }
  return fd;
}

async function carry(from: number, to: number, delayMs: number): Promise<void> {
  const buffer = new Uint8Array(PACKET_BYTES);
  for (;;) {
    const length = Number(await libc.symbols.read(from, buffer, BigInt(PACKET_BYTES)));
    // A device that is still down refuses; it will be up in a moment.
    if (length <= 0) await new Promise((resolve) => setTimeout(resolve, 5));
    else {
      const packet = buffer.slice(0, length);
      setTimeout(() => libc.symbols.write(to, packet, BigInt(length)), delayMs);
    }
  }
}

async function main([nameA = "", nameB = "", delayText = ""]: readonly string[]): Promise<void> {
  const [a, b] = [openTun(nameA), openTun(nameB)];
  Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
  await Promise.all([carry(a, b, Number(delayText)), carry(b, a, Number(delayText))]);
}

if (import.meta.main) main(Deno.args);
