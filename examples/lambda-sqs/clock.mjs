import { cluster } from './hookkeeper.mjs'

/** Once a minute: retries that have fallen due, and what a function that was frozen had leased. */
export const handler = () => cluster.workFor()
