/** Vectors of compat.md 7.3 and 7.4. */

/** Numbers and their VarInts. */
export const VARINTS: readonly (readonly [number, string])[] = [
  [0, "00"],
  [127, "7f"],
  [128, "8001"],
  [255, "ff01"],
  [300, "ac02"],
  [25_565, "ddc701"],
  [2_097_151, "ffff7f"],
  [-1, "ffffffff0f"],
];

/** Hosts, ports and their handshakes. */
export const HANDSHAKES: readonly (readonly [string, number, string])[] = [
  ["127.0.0.1", 25_565, "1300ffffffff0f093132372e302e302e3163dd01"],
  ["mc.example.com", 25_565, "1800ffffffff0f0e6d632e6578616d706c652e636f6d63dd01"],
];

export const STATUS_REQUEST_HEX = "0100";

/** What stands before a JSON text of 173 bytes. */
export const ANSWER_HEAD_173_HEX = "b00100ad01";

export const JAVA_JSON =
  '{"version":{"name":"1.21.1","protocol":767},"players":{"max":20,"online":1,"sample":[{"name":"Steve"}]},"description":{"text":"§aHello","extra":[{"text":" World\\nline2"}]}}';

/** As nat1_traversal logs it. */
export const JAVA_LOG =
  '{"version": {"name": "1.21.1", "protocol": 767}, "description": ["Hello World", "line2"], "players": {"max": 20, "online": 1, "list": ["Steve"]}}';

/** Ping at this time. */
export const PING: readonly [number, string] = [
  1_700_000_000_000,
  "010068e5cf8b01000000ffff00fefefefefdfdfdfd123456780200000000000000",
];

export const PONG_HEAD_HEX = "1c0068e5cf8b0100002a0000000000000000ffff00fefefefefdfdfdfd123456780061";

export const PONG_TEXT =
  "MCPE;Dedicated Server;766;1.21.50;0;10;13253860892328930865;Bedrock level;Survival;1;19132;19133;";

/** As nat1_traversal logs it. */
export const BEDROCK_LOG =
  '{"version": {"name": "1.21.50 (MCPE)", "protocol": 766}, "description": ["Dedicated Server", "Bedrock level"], "players": {"max": 10, "online": 0}}';
