import { systemClock } from "../../src/core/clock.ts";
import { PortableNet } from "../../src/net/portable_net.ts";
import { netContract } from "./net_contract.ts";

netContract({
  name: "PortableNet",
  capability: "portable",
  open: () => new PortableNet({ clock: systemClock }),
});
