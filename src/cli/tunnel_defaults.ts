export { TUNNEL_DEFAULTS } from "../plan/tunnel_defaults.ts";
