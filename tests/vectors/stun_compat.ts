/** Vectors of compat.md, section 7.1, as hex. */

/** Transaction ID of the answers. */
export const COMPAT_ID = "2112a4420102030405060708090a0b0c";

/** Answers and the endpoint they name. */
export const COMPAT_ANSWERS: readonly { name: string; hex: string; address: string; port: number }[] = [
  {
    name: "XOR-MAPPED-ADDRESS",
    hex: "0101000c2112a4420102030405060708090a0b0c00200008000119b6ea12d548",
    address: "203.0.113.10",
    port: 14500,
  },
  {
    name: "MAPPED-ADDRESS only",
    hex: "0101000c2112a4420102030405060708090a0b0c00010008000138a4cb00710a",
    address: "203.0.113.10",
    port: 14500,
  },
  {
    name: "padded SOFTWARE before XOR-MAPPED-ADDRESS",
    hex: "010100182112a4420102030405060708090a0b0c80220005616263646500000000200008000119b6ea12d548",
    address: "203.0.113.10",
    port: 14500,
  },
  {
    name: "IPv6 XOR-MAPPED-ADDRESS",
    hex: "010100182112a4420102030405060708090a0b0c00200014000219b60113a9fa0102030405060708090a0b0d",
    address: "2001:db8::1",
    port: 14500,
  },
];

/** Request in the style of Natter 2. */
export const NATTER_REQUEST = "000100002112a4424e4154520102030405060708";
/** Request with CHANGE-REQUEST for address and port. */
export const CHANGE_BOTH_REQUEST = "000100082112a4420102030405060708090a0b0c0003000400000006";
/** Request with CHANGE-REQUEST for the port. */
export const CHANGE_PORT_REQUEST = "000100082112a4420102030405060708090a0b0c0003000400000002";
/** OTHER-ADDRESS 198.51.100.2:3479. */
export const OTHER_ADDRESS_ATTRIBUTE = "802c000800010d97c6336402";
