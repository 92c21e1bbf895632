/**
 * The thread that moves the bytes of all tunnels: `new Worker(new URL("./worker.ts", import.meta.url))`.
 *
 * @module
 */
import { DataWorker } from "./data_worker.ts";
import type { WorkerReport, WorkerRequest } from "./worker_messages.ts";

/** The part of DedicatedWorkerGlobalScope that is used; the libraries of the main thread do not declare it. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<WorkerRequest>) => void) | null;
  postMessage(report: WorkerReport): void;
  close(): void;
}

const scope = globalThis as unknown as WorkerScope;
let worker: DataWorker | undefined;

scope.onmessage = ({ data }): void => {
  if (worker !== undefined) return worker.take(data);
  if (data.type !== "start") throw new TypeError(`Cannot take "${data.type}": the Worker has not started`);
  worker = new DataWorker({
    post: (report) => scope.postMessage(report),
    close: () => scope.close(),
  }, data);
  // What is thrown past it ends the thread and is an `error` event on the main one.
  void worker.run();
};
