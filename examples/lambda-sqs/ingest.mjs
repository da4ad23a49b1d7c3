import { cluster } from './hookkeeper.mjs'

/** Behind the function's URL: 200 when the event is in the queue. */
export const handler = (event) => cluster.lambda(event)
