// What the benchmark and the threads of a profiled server agree on.

/** The folder for requests, replies and profiles. */
export const environmentName = 'HELIOSDB_BENCH_PROFILES';
export const requestFile = 'request.json';
export const replyFile = 'reply.json';
export const samplingMicroseconds = 500;

export interface ProfileRequest {
  readonly action: 'start' | 'stop';
  /** The beginning of the files' names. */
  readonly label: string;
}
