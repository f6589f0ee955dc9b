/** Bounds on what broadcast sends. Lengths are characters of JSON, counted approximately. */

/** Length of the values in one message; the rest follows in the next one. */
export const MAX_NEWS_LENGTH = 2 ** 20;

/**
 * The same while a longer message is in flight. Messages are cumulative, so a slow or paused peer
 * would otherwise find megabytes repeated in its queue, and congestion would never end.
 */
export const SHORT_NEWS_LENGTH = 2 ** 14;

/** Longest cycle that `--flush-ms` accepts, in ms. */
export const MAX_FLUSH_MS = 60_000;

/** How long a node waits after a sync of its disk has failed, in ms. */
export const RETRY_SYNC_MS = 100;
