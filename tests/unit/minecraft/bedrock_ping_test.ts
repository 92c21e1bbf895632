import assert from "node:assert/strict";
import { decodePong, encodePing, readBedrockStatus } from "../../../src/minecraft/bedrock_ping.ts";
import { MinecraftDecodeError } from "../../../src/minecraft/errors.ts";
import { BEDROCK_LOG, PING, PONG_HEAD_HEX, PONG_TEXT } from "../../vectors/minecraft.ts";
import { bedrockAnswer } from "./answers.ts";

Deno.test("encodePing() agrees with the vector", () => {
  assert.equal(encodePing(PING[0]).toHex(), PING[1]);
});

Deno.test("decodePong() agrees with the vector", () => {
  const bytes = bedrockAnswer();
  assert.equal(bytes.subarray(0, 35).toHex(), PONG_HEAD_HEX);
  assert.deepEqual(decodePong(bytes), JSON.parse(BEDROCK_LOG));
});

Deno.test("decodePong() names what is wrong", () => {
  const table: readonly (readonly [string, Uint8Array])[] = [
    ["packet_id != \\x1c", new Uint8Array(0)],
    ["packet_id != \\x1c", Uint8Array.of(0x1d)],
    ["response_magic != RAKNET_MAGIC", Uint8Array.of(0x1c)],
    ["response_magic != RAKNET_MAGIC", bedrockAnswer().with(20, 7)],
    ["motd parse fail.", bedrockAnswer().subarray(0, 35)],
    ["motd parse fail.", bedrockAnswer().subarray(0, -1)],
    ["motd parse fail.", bedrockAnswer("")],
    ["motd parse fail.", bedrockAnswer("MCPE;a;1;1.0;0")],
    ["motd parse fail.", bedrockAnswer("MCPE;a;x;1.0;0;10")],
  ];
  for (const [fault, bytes] of table) {
    assert.throws(
      () => decodePong(bytes),
      (error) => error instanceof MinecraftDecodeError && error.fault === fault,
      `${fault} ${bytes.toHex()}`,
    );
  }
});

Deno.test("readBedrockStatus() takes formatting out and does without the fields after the sixth", () => {
  assert.deepEqual(readBedrockStatus(PONG_TEXT.replace("Dedicated", "§6§lMy")).description, [
    ...["My Server", "Bedrock level"],
  ]);
  assert.deepEqual(readBedrockStatus("MCEE;a;-1;1.0;3;4"), {
    version: { name: "1.0 (MCEE)", protocol: -1 },
    description: ["a"],
    players: { max: 4, online: 3 },
  });
});
