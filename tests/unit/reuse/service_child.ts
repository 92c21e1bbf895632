/**
 * A service of some kind, in a process of its own: answers each TCP visitor, or each datagram, with "service". Ends
 * with its standard input.
 *
 * @module
 */
import {
  acceptConnection,
  bindSocket,
  type Descriptor,
  encodeSockaddr,
  EPOLLIN,
  holdLibc,
  limitSocketToIpv6,
  listenSocket,
  localAddress,
  openOwnedSocket,
  receiveBytes,
  receiveBytesFrom,
  receivedFrom,
  sendBytes,
  sendBytesTo,
  setSocketSharing,
} from "../../../ffi/mod.ts";
import { familyOf } from "../../../src/core/endpoint.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { Reactor } from "../../../src/net/reactor.ts";
import { socketAddressOf } from "../../../src/net/socket_address.ts";
import type { ServiceOptions } from "./service_process.ts";

const ANSWER = new TextEncoder().encode("service");

function open(options: Required<ServiceOptions>): Descriptor {
  const { protocol, address, port, reuseAddress, reusePort, isIpv6Only, uid } = options;
  const family = familyOf(address);
  const socket = openOwnedSocket(protocol === "tcp" ? "stream" : "datagram", { family, uid });
  setSocketSharing(socket, { reuseAddress, reusePort });
  if (isIpv6Only) limitSocketToIpv6(socket);
  bindSocket(socket, socketAddressOf({ address, port }), "service");
  if (protocol === "tcp") listenSocket(socket, 511, "service");
  return socket;
}

function serveTcp(listener: Descriptor, reactor: Reactor): void {
  reactor.watch(listener, EPOLLIN, {
    onReady(): void {
      for (let next = acceptConnection(listener); next; next = acceptConnection(listener)) {
        const { socket } = next;
        sendBytes(socket, ANSWER);
        // Whoever visits ends it, unless a byte asks us to: who ends first has the TIME_WAIT.
        const watch = reactor.watch(socket, EPOLLIN, {
          onReady(): void {
            watch.remove();
            receiveBytes(socket); // closing with unread bytes would be an RST
            socket[Symbol.dispose]();
          },
        });
      }
    },
  });
}

function serveUdp(socket: Descriptor, reactor: Reactor): void {
  reactor.watch(socket, EPOLLIN, {
    onReady(): void {
      while (receiveBytesFrom(socket) >= 0) {
        const from = receivedFrom();
        if (from !== undefined) sendBytesTo(socket, ANSWER, encodeSockaddr(from));
      }
    },
  });
}

async function main(options: Required<ServiceOptions>): Promise<void> {
  using _libc = holdLibc();
  await using reactor = Reactor.open(silentLogger);
  using socket = open(options);
  if (options.protocol === "tcp") serveTcp(socket, reactor);
  else serveUdp(socket, reactor);
  Deno.stdout.writeSync(new TextEncoder().encode(`${localAddress(socket).port}\n`));
  const buffer = new Uint8Array(16);
  while (await Deno.stdin.read(buffer) !== null);
}

if (import.meta.main) main(JSON.parse(Deno.args[0] ?? "{}"));
