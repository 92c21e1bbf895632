import type { SharedArgs } from "./command_args.ts";

/** `porthole resolve`. */
export interface ResolveArgs extends SharedArgs {
  readonly command: "resolve";
}

/** `porthole connect`. */
export interface ConnectArgs extends SharedArgs {
  readonly command: "connect";
}

/** `porthole access`. */
export interface AccessArgs extends SharedArgs {
  readonly command: "access";
}

/** `porthole pot`. */
export interface PotArgs extends SharedArgs {
  readonly command: "pot";
}
