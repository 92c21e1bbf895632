import { localAddress } from "../../ffi/mod.ts";
import { familyOf } from "../core/endpoint.ts";
import type { PortReservation, ReserveOptions } from "../core/net.ts";
import { bindStreamSocket } from "./linux_bind.ts";
import type { LinuxContext } from "./linux_context.ts";
import { endpointOf } from "./socket_address.ts";
import { SpareSockets } from "./spare_sockets.ts";

/** Binds a TCP port and keeps it, with its spare sockets; see {@linkcode ReserveOptions}. @throws {SystemError} */
export function reserveLinuxPort(context: LinuxContext, options: ReserveOptions): PortReservation {
  const { reusePort = true, spareSockets = 0 } = options;
  if (spareSockets > 0 && !reusePort) {
    throw new TypeError("Cannot reserve port: spare sockets need reusePort");
  }
  const family = familyOf(options.local.address);
  const how = { ...options, reusePort, isExclusive: !reusePort };
  using rollback = new DisposableStack();
  const socket = rollback.use(bindStreamSocket(family, options.local, how));
  const local = endpointOf(localAddress(socket));
  const spares = Array.from(
    { length: spareSockets },
    () => rollback.use(bindStreamSocket(family, local, how)),
  );
  const pool = spares.length > 0 ? context.spares.list(local, new SpareSockets(spares)) : undefined;
  const reservation: PortReservation = {
    local,
    [Symbol.dispose](): void {
      context.owned.delete(reservation);
      pool?.[Symbol.dispose]();
      socket[Symbol.dispose]();
    },
  };
  context.owned.add(reservation);
  rollback.move();
  return reservation;
}
