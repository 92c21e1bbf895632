import { Secret } from "../../../../src/core/secret.ts";
import { signTc3, type Tc3Credentials } from "../../../../src/publish/tencent/sign_tc3.ts";
import type { ApiHandler, ApiRequest } from "../../../fakes/api_server.ts";

/** The account of the fakes; neither half may ever be in a message. */
export const TENCENT_KEY: Tc3Credentials = {
  id: new Secret("AKIDFAKETENCENT"),
  key: new Secret("tencent-SECRET-key"),
};

/** What an action answers; `fault` alone is the code of a fault. */
export type TencentAnswer = Readonly<Record<string, unknown>>;

/** Options for {@linkcode fakeTencent}. */
export interface FakeTencentOptions {
  readonly service: string;
  readonly version: string;
  readonly now: () => Date;
  /** Answers an action; `undefined`: there is no such one. */
  readonly act: (action: string, parameters: Readonly<Record<string, unknown>>) => TencentAnswer | undefined;
}

/** A server of Tencent Cloud's API 3.0: checks method, path, headers, time and signature of every request. */
export function fakeTencent(options: FakeTencentOptions): ApiHandler {
  return async (request) => {
    const answer = await faultOf(request, options) ??
      options.act(request.headers.get("x-tc-action") ?? "", JSON.parse(request.body)) ??
      { fault: "InvalidAction" };
    if (typeof answer["fault"] === "string") return tencentFault(answer["fault"]);
    return Response.json({ Response: { ...answer, RequestId: crypto.randomUUID() } });
  };
}

/** How it says no: with status 200. */
export function tencentFault(Code: string): Response {
  // The real one repeats ids in some of its messages.
  const Message = `No ${TENCENT_KEY.id.reveal()}`;
  return Response.json({ Response: { Error: { Code, Message }, RequestId: crypto.randomUUID() } });
}

async function faultOf(
  { method, path, query, headers, body }: ApiRequest,
  { service, version, now }: FakeTencentOptions,
): Promise<{ readonly fault: string } | undefined> {
  if (method !== "POST" || path !== "/" || query.size > 0) return { fault: "InvalidRequest" };
  if (headers.get("content-type") !== "application/json") return { fault: "InvalidRequest" };
  if (headers.get("x-tc-version") !== version) return { fault: "NoSuchVersion" };
  const timestamp = Number(headers.get("x-tc-timestamp"));
  if (!(Math.abs(timestamp - now().getTime() / 1000) <= 300)) return { fault: "AuthFailure.SignatureExpire" };
  const authorization = headers.get("authorization") ?? "";
  if (!authorization.includes(`Credential=${TENCENT_KEY.id.reveal()}/`)) {
    return { fault: "AuthFailure.SecretIdNotFound" };
  }
  const [host, action] = [headers.get("host") ?? "", headers.get("x-tc-action") ?? ""];
  const signed = await signTc3({ host, path, service, action, version, timestamp, body }, TENCENT_KEY);
  return signed["authorization"] === authorization ? undefined : { fault: "AuthFailure.SignatureFailure" };
}

/** The parameters, if they have these names and no others; those with `?` may be absent. */
export function hasOnly(parameters: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  const known = names.map((name) => name.replace("?", ""));
  return Object.keys(parameters).every((name) => known.includes(name)) &&
    names.every((name) => name.endsWith("?") || Object.hasOwn(parameters, name));
}
