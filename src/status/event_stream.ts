import { eventToJson } from "../core/event_json.ts";
import type { MappingEvent } from "../core/mapping.ts";
import type { ServiceControl } from "./service_control.ts";

/** Options for {@linkcode openEventStream}. */
export interface EventStreamOptions {
  /** Ends the stream. */
  readonly closing: AbortSignal;
  /** Whether clients that come and go are told too. */
  readonly withClients: boolean;
  /** A reader that is behind by more than this is dropped. @default {262_144} */
  readonly maxPendingBytes?: number;
}

/**
 * Every event from now on as JSON lines. A reader that is too slow loses its stream, by an error: leaving out single
 * lines would deceive it. It ends by itself when `closing` is aborted, and unsubscribes whenever it ends.
 */
export function openEventStream(
  control: Pick<ServiceControl, "subscribe">,
  options: EventStreamOptions,
): ReadableStream<Uint8Array> {
  const { closing, withClients, maxPendingBytes = 262_144 } = options;
  const encoder = new TextEncoder();
  let subscription: Disposable | undefined;
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const leave = (): void => {
    subscription?.[Symbol.dispose]();
    subscription = undefined;
    closing.removeEventListener("abort", close);
    controller = undefined;
  };
  function close(): void {
    controller?.close();
    leave();
  }
  const take = (event: MappingEvent): void => {
    if (controller === undefined || (!withClients && event.event === "client")) return;
    const bytes = encoder.encode(`${JSON.stringify(eventToJson(event))}\n`);
    if ((controller.desiredSize ?? 0) < bytes.length) {
      controller.error(new RangeError("Cannot go on: the reader is too slow"));
      return leave();
    }
    controller.enqueue(bytes);
  };
  return new ReadableStream<Uint8Array>({
    start(opened): void {
      controller = opened;
      if (closing.aborted) return close();
      closing.addEventListener("abort", close, { once: true });
      subscription = control.subscribe(take);
    },
    cancel: leave,
  }, new ByteLengthQueuingStrategy({ highWaterMark: maxPendingBytes }));
}
