import type { HostPort } from "../core/endpoint.ts";

/**
 * Busy HTTP hosts for the connection that holds a TCP mapping: large operators, Chinese ones and others in
 * turn, so that one that is slow or shut off from here has a neighbour that is not. What they answer does not
 * matter.
 */
export const DEFAULT_KEEP_ALIVE_HOSTS: readonly HostPort[] = [
  "www.baidu.com",
  "www.bing.com",
  "www.qq.com",
  "www.apple.com",
  "www.taobao.com",
  "www.microsoft.com",
  "www.163.com",
  "example.com",
].map((host) => ({ host, port: 80 }));
