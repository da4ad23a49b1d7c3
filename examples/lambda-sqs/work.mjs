import { cluster } from './hookkeeper.mjs'

/** Behind the queue: records the batch, works what is ready, and answers with what is to come again. */
export const handler = (event) => cluster.sqsBatch(event)
