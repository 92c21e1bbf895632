import { Secret } from "../../../../src/core/secret.ts";
import { type Acs3Credentials, signAcs3 } from "../../../../src/publish/aliyun/sign_acs3.ts";
import type { ApiHandler, ApiRequest } from "../../../fakes/api_server.ts";

/** The account of the fakes; neither half may ever be in a message. */
export const ALIYUN_KEY: Acs3Credentials = {
  id: new Secret("LTAIFAKEALIYUN"),
  key: new Secret("aliyun/SECRET+key"),
};

/** What an action answers; `fault`, with its `status` at most, is the code of a fault. */
export type AliyunAnswer = Readonly<Record<string, unknown>>;

/** What was asked. */
export interface AliyunCall {
  readonly method: string;
  readonly action: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Options for {@linkcode fakeAliyun}. */
export interface FakeAliyunOptions {
  readonly version: string;
  readonly now: () => Date;
  /** Answers an action; `undefined`: there is no such one. */
  readonly act: (call: AliyunCall) => AliyunAnswer | undefined;
}

/** A server of Alibaba Cloud's RPC style: checks path, headers, time, nonce and signature of every request. */
export function fakeAliyun(options: FakeAliyunOptions): ApiHandler {
  const nonces = new Set<string>();
  return async (request) => {
    const { method, headers, query } = request;
    const call = { method, action: headers.get("x-acs-action") ?? "", parameters: Object.fromEntries(query) };
    const answer = await faultOf(request, nonces, options) ?? options.act(call) ??
      { fault: "InvalidAction.NotFound", status: 404 };
    const { fault, status } = answer;
    if (typeof fault === "string") return aliyunFault(fault, typeof status === "number" ? status : 400);
    return Response.json({ ...answer, RequestId: crypto.randomUUID() });
  };
}

/** How it says no. */
export function aliyunFault(Code: string, status = 400): Response {
  // The real one repeats ids in some of its messages.
  const Message = `No ${ALIYUN_KEY.id.reveal()}\nserver StringToSign is [POST`;
  return Response.json({
    Code,
    Message,
    RequestId: crypto.randomUUID(),
    Recommend: "https://api.alibabacloud.com",
  }, { status });
}

async function faultOf(
  { method, path, query, headers, body }: ApiRequest,
  nonces: Set<string>,
  { version, now }: FakeAliyunOptions,
): Promise<AliyunAnswer | undefined> {
  if (method !== "GET" && method !== "POST") return { fault: "UnsupportedHTTPMethod" };
  if (path !== "/" || body !== "") return { fault: "InvalidParameter" };
  if (headers.get("x-acs-version") !== version) return { fault: "InvalidVersion" };
  const date = new Date(headers.get("x-acs-date") ?? "");
  if (!(Math.abs(date.getTime() - now().getTime()) <= 900_000)) return { fault: "InvalidTimeStamp.Expired" };
  const nonce = headers.get("x-acs-signature-nonce") ?? "";
  if (nonce === "" || nonces.has(nonce)) return { fault: "SignatureNonceUsed" };
  nonces.add(nonce);
  const authorization = headers.get("authorization") ?? "";
  if (!authorization.includes(`Credential=${ALIYUN_KEY.id.reveal()},`)) {
    return { fault: "InvalidAccessKeyId.NotFound", status: 404 };
  }
  const [host, action] = [headers.get("host") ?? "", headers.get("x-acs-action") ?? ""];
  const parameters = Object.fromEntries(query);
  const signed = await signAcs3({ method, host, path, action, version, date, nonce, parameters }, ALIYUN_KEY);
  return signed["authorization"] === authorization ? undefined : { fault: "SignatureDoesNotMatch" };
}
