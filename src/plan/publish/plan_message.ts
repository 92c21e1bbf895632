import type { MessageConfig } from "../../config/publish/sink_config.ts";
import { messageServer } from "../../publish/message/message_presets.ts";
import type { MessageOptions } from "../../publish/options.ts";
import { isTemplate } from "../../publish/template.ts";
import { UNKNOWN_FIELD } from "./plan_webhook.ts";
import { isWebAddress, type PlanPublishOptions, secretAt } from "./publish_planning.ts";

const DEFAULT_TITLE = "porthole: {name}";
const DEFAULT_MESSAGE = "{protocol} {external}";

/** What `to` may be, where there is one. */
const RECEIVERS: Readonly<Record<string, { readonly form: RegExp; readonly expected: string }>> = {
  ntfy: {
    form: /^[-\w]{1,64}$/,
    expected: "expected a topic: up to 64 letters, digits, underscores and hyphens",
  },
  telegram: {
    form: /^(-?\d+|@\w+)$/,
    expected: "expected the number of a chat, or @ and the name of a channel",
  },
};

/** Plans a message; `undefined` if it is refused. */
export function planMessage(entry: MessageConfig, options: PlanPublishOptions): MessageOptions | undefined {
  const { path, refusals } = options;
  const { provider, to, title = DEFAULT_TITLE, message = DEFAULT_MESSAGE } = entry;
  for (const [key, template] of Object.entries({ title, message })) {
    if (!isTemplate(template)) refusals.refuse([...path, key], UNKNOWN_FIELD);
  }
  const receiver = RECEIVERS[provider];
  if (receiver !== undefined && !receiver.form.test(to ?? "")) {
    refusals.refuse([...path, "to"], receiver.expected);
  }
  const token = entry.token === undefined ? undefined : secretAt([...path, "token"], entry.token, options);
  if (entry.token !== undefined && token === undefined) return undefined;
  const url = entry.url ?? messageServer(provider, token?.reveal() ?? "");
  if (url === undefined) {
    refusals.refuse(
      [...path, "token"],
      "expected a key that starts with SCT or sctp; another server needs url",
    );
    return undefined;
  }
  if (!isWebAddress(url) || /[?#]/.test(url)) {
    refusals.refuse([...path, "url"], "expected an http or https address without ? and #");
  }
  return { provider, url, token, to, title, message };
}
