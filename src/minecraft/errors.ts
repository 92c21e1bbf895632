import { PortholeError } from "../core/errors.ts";

/** What nat1_traversal says about an answer it cannot use; other programs look for these words. */
export type DecodeFault =
  | "packet_len < 3"
  | "packet_id != 0"
  | "motd parse fail."
  | "packet_id != \\x1c"
  | "response_magic != RAKNET_MAGIC";

/** Bytes that are no answer of a Minecraft server. */
export class MinecraftDecodeError extends PortholeError {
  /** Name of the class. */
  override readonly name = "MinecraftDecodeError";
  /** What to match on. */
  override readonly code = "minecraft_decode";
  /** Which check failed. */
  readonly fault: DecodeFault;

  /** `detail` says more about the fault. */
  constructor(fault: DecodeFault, detail?: string) {
    super(`Cannot read the server's answer: ${detail === undefined ? fault : `${fault} ${detail}`}`);
    this.fault = fault;
  }
}
