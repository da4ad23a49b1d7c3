import { systemClock } from '../../src/core/clock.ts'
import { readOptions } from './options.ts'
import { ready, serve } from './reference.ts'

// `node:http` + HMAC, and nothing kept: what the HTTP server alone costs.
const { secret } = readOptions()
ready({ port: await serve((_, kept) => kept(null), { secret, clock: systemClock }) })
