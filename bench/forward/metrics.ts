/** What is measured of each subject in each round; names carry the unit. */
export const METRICS = {
  startMs: "start to listening, ms",
  gbpsUp1: "1 stream up, Gb/s",
  gbpsDown1: "1 stream down, Gb/s",
  gbpsUp8: "8 streams up, Gb/s",
  gbpsDown8: "8 streams down, Gb/s",
  cpuUp1: "1 stream up, CPU s/GB",
  cpuDown1: "1 stream down, CPU s/GB",
  cpuUp8: "8 streams up, CPU s/GB",
  cpuDown8: "8 streams down, CPU s/GB",
  connectionsPerSecond: "new connections/s",
  cpuPerConnectionUs: "CPU per connection, µs",
  pingP50Us: "64 B ping-pong p50, µs",
  pingP99Us: "64 B ping-pong p99, µs",
  pacedP50Us: "p50 beside 2 Gb/s, µs",
  pacedP99Us: "p99 beside 2 Gb/s, µs",
  saturatedP50Us: "p50 beside 4 unlimited streams, µs",
  saturatedP99Us: "p99 beside 4 unlimited streams, µs",
  saturatedMaxUs: "longest beside 4 unlimited streams, µs",
  saturatedGbps: "those streams, Gb/s",
  loadedRssMebibytes: "RSS after all load, MiB",
  idleRssMebibytes: "RSS with idle connections, MiB",
  idleDescriptors: "descriptors per idle connection",
  udp64CpuUs: "UDP 64 B at 50 kpps, CPU µs/packet",
  udp64FloodCpuUs: "UDP 64 B flood, CPU µs/packet",
  udp64FloodKpps: "UDP 64 B flood, delivered kpps",
  udp64LosslessKpps: "UDP 64 B without loss, kpps",
  udp1200CpuUs: "UDP 1200 B at 50 kpps, CPU µs/packet",
  udp1200FloodCpuUs: "UDP 1200 B flood, CPU µs/packet",
  udp1200FloodKpps: "UDP 1200 B flood, delivered kpps",
  udp1200LosslessKpps: "UDP 1200 B without loss, kpps",
} as const;

/** Name of a metric. */
export type Metric = keyof typeof METRICS;

/** What one subject showed in one round; what was not measured is absent. */
export type Sample = Partial<Record<Metric, number>>;
