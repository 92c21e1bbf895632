import type { TransportReport } from "./nat_report.ts";
import { reason } from "./reason.ts";

/**
 * Takes "one address" back where the other transport saw another one: then the NAT has several, or what belongs to one
 * transport takes another way. What a proxy may have made up does not count. Pure.
 */
export function compareAddresses(reports: readonly TransportReport[]): readonly TransportReport[] {
  const honest = reports.filter(({ suspicion }) => suspicion === "none");
  const addresses = honest.flatMap(({ externals }) => externals.map(({ address }) => address));
  return reports.map((report) => {
    const { external, severalAddresses } = report;
    if (external === undefined || severalAddresses !== "no" || !honest.includes(report)) return report;
    const other = addresses.find((address) => address !== external.address);
    if (other === undefined) return report;
    return {
      ...report,
      severalAddresses: "unknown",
      severalAddressesReason: reason("other-transport", other),
    };
  });
}
