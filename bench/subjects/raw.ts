import { systemClock } from '../../src/core/clock.ts'
import { readOptions } from './options.ts'
import { openRaw } from './raw/append.ts'
import { Gather } from './raw/gather.ts'
import { ready, serve } from './reference.ts'

// The same HTTP server and HMAC as the other references, and the service's own batched append: the least that a durable 200 through a
// broker can cost.
const { secret, brokerUrl = '' } = readOptions()
const gather = new Gather(await openRaw(brokerUrl))
ready({ port: await serve((body, kept) => gather.add(body, kept), { secret, clock: systemClock }) })
