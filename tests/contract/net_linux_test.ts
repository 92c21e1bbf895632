import { systemClock } from "../../src/core/clock.ts";
import { LinuxNet } from "../../src/net/linux_net.ts";
import { netContract } from "./net_contract.ts";

netContract({
  name: "LinuxNet",
  capability: "full",
  open: (log) => LinuxNet.open({ log, clock: systemClock }),
});
