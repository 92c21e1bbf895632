/** How long and how often everything is measured. */
export interface BenchPlan {
  readonly rounds: number;
  /** Before anything counts: code gets compiled, buffers grow. */
  readonly warmUpMs: number;
  readonly bulkMs: number;
  readonly stormMs: number;
  readonly pingMs: number;
  /** Ping-pong while bulk runs. */
  readonly busyPingMs: number;
  /** Idle connections, as far as RLIMIT_NOFILE allows; 0 leaves them out. */
  readonly idleConnections: number;
  /** In how many rounds they are held, each time for half a minute. */
  readonly idleRounds: number;
  readonly datagramMs: number;
  /** Each step of the ladder to the highest rate without loss. */
  readonly ladderMs: number;
}

/** Datagrams a second. */
export const LADDER: readonly number[] = [
  25_000,
  50_000,
  75_000,
  100_000,
  150_000,
  200_000,
  300_000,
  400_000,
];

/** For figures to be kept. */
export const FULL_PLAN: BenchPlan = {
  rounds: 5,
  warmUpMs: 1500,
  bulkMs: 1200,
  stormMs: 1200,
  pingMs: 800,
  busyPingMs: 1500,
  idleConnections: 9000,
  idleRounds: 2,
  datagramMs: 1200,
  ladderMs: 400,
};

/** For a look, within three minutes: two rounds are no proof. */
export const QUICK_PLAN: BenchPlan = {
  rounds: 2,
  warmUpMs: 1000,
  bulkMs: 600,
  stormMs: 700,
  pingMs: 400,
  busyPingMs: 700,
  idleConnections: 9000,
  idleRounds: 1,
  datagramMs: 700,
  ladderMs: 250,
};
