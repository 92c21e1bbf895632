import assert from "node:assert/strict";
import { MinecraftDecodeError } from "../../../src/minecraft/errors.ts";
import {
  encodeHandshake,
  JavaStatusReader,
  readJavaStatus,
  STATUS_REQUEST,
} from "../../../src/minecraft/java_status.ts";
import { encodeVarint } from "../../../src/minecraft/varint.ts";
import {
  ANSWER_HEAD_173_HEX,
  HANDSHAKES,
  JAVA_JSON,
  JAVA_LOG,
  STATUS_REQUEST_HEX,
} from "../../vectors/minecraft.ts";
import { javaAnswer } from "./answers.ts";

function faultOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof MinecraftDecodeError, String(error));
    return error.fault;
  }
  return assert.fail("it was read");
}

Deno.test("encodeHandshake() and STATUS_REQUEST agree with the vectors", () => {
  for (const [host, port, hex] of HANDSHAKES) assert.equal(encodeHandshake(host, port).toHex(), hex);
  assert.equal(STATUS_REQUEST.toHex(), STATUS_REQUEST_HEX);
});

Deno.test("JavaStatusReader.push() puts the vector's answer together whatever the pieces", () => {
  const answer = javaAnswer(JAVA_JSON);
  for (const size of [1, 2, 7, answer.length]) {
    const reader = new JavaStatusReader();
    for (let at = 0; at + size < answer.length; at += size) {
      assert.equal(reader.push(answer.subarray(at, at + size)), undefined);
    }
    const rest = (answer.length - 1) % size + 1;
    assert.deepEqual(reader.push(answer.subarray(answer.length - rest)), JSON.parse(JAVA_LOG));
  }
});

Deno.test("JavaStatusReader.push() reads a 173-byte text behind the vector's framing", () => {
  const json = JSON.stringify({ description: "x".repeat(173 - '{"description":""}'.length) });
  const reader = new JavaStatusReader();
  assert.equal(reader.push(Uint8Array.fromHex(ANSWER_HEAD_173_HEX)), undefined);
  assert.equal(reader.push(new TextEncoder().encode(json))?.description[0]?.length, 155);
});

Deno.test("JavaStatusReader.push() names what is wrong", () => {
  const table: readonly (readonly [string, Uint8Array])[] = [
    ["packet_len < 3", Uint8Array.of(2, 0, 0)],
    ["packet_len < 3", encodeVarint(-1)],
    ["packet_id != 0", Uint8Array.of(9, 1)],
    ["packet_id != 0", new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n")],
    ["motd parse fail.", Uint8Array.fromHex("ffffffffffff")],
    ["motd parse fail.", Uint8Array.of(3, 0, 2, 0x7b)],
    ["motd parse fail.", Uint8Array.of(3, 0, 1, 0x7b)],
    ["motd parse fail.", Uint8Array.of(6, 0, ...encodeVarint(-1))],
    ["motd parse fail.", javaAnswer("[]")],
    ["motd parse fail.", javaAnswer("null")],
    ["motd parse fail.", encodeVarint(1024 * 1024 + 100)],
    ["motd parse fail.", javaAnswer(JSON.stringify("x".repeat(1024 * 1024)))],
  ];
  for (const [fault, bytes] of table) {
    assert.equal(faultOf(() => new JavaStatusReader().push(bytes)), fault, bytes.subarray(0, 20).toHex());
  }
});

Deno.test("JavaStatusReader.push() reads an answer of a whole MiB", () => {
  const json = JSON.stringify({ description: "x".repeat(1024 * 1024 - '{"description":""}'.length) });
  assert.equal(json.length, 1024 * 1024);
  assert.ok(new JavaStatusReader().push(javaAnswer(json)));
});

Deno.test("readJavaStatus() shows descriptions of every kind as lines", () => {
  const table: readonly (readonly [unknown, readonly string[]])[] = [
    ["§6A §lMinecraft§r Server", ["A Minecraft Server"]],
    [{ text: "a", extra: ["b", { text: "§kc", extra: [{ text: "d\n" }, "e"] }] }, ["abcd", "e"]],
    [["a", { text: "b" }], ["ab"]],
    [{ extra: [{ text: "我的世界" }] }, ["我的世界"]],
    [{ text: 7, extra: "no" }, [""]],
    [undefined, [""]],
    [null, [""]],
  ];
  for (const [description, lines] of table) {
    assert.deepEqual(readJavaStatus(JSON.stringify({ description })).description, lines);
  }
});

Deno.test("readJavaStatus() fills in what a server leaves out and sorts the names", () => {
  assert.deepEqual(readJavaStatus("{}"), {
    version: { name: "", protocol: -1 },
    description: [""],
    players: { max: 0, online: 0, list: [] },
  });
  const sample = [{ name: "Steve" }, { name: "Alex" }, { id: 1 }, "x", null];
  assert.deepEqual(readJavaStatus(JSON.stringify({ players: { sample } })).players.list, ["Alex", "Steve"]);
});

Deno.test("readJavaStatus() survives nesting deeper than calls can be", () => {
  const deep = 100_000;
  const json = `{"description":${'{"text":"a","extra":['.repeat(deep)}${"]}".repeat(deep)}}`;
  assert.equal(readJavaStatus(json).description[0]?.length, deep);
});
