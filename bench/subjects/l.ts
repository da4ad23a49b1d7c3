import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { AppendLog } from './append-log.ts'
import { readOptions } from './options.ts'
import { ready, serve } from './reference.ts'

// L, the reference of the bars: `node:http` + HMAC + `JSON.parse` + append-only file with fdatasync group commit.
const { dir, secret } = readOptions()
const log = new AppendLog(join(dir, 'events.log'))

const port = await serve(
  (body, kept) => {
    const event = JSON.parse(body.toString()) as { id?: unknown; type?: unknown }
    if (typeof event.id !== 'string' || typeof event.type !== 'string') return kept(new Error('This is no event.'))
    log.append(body, kept)
  },
  { secret, clock: systemClock },
)
ready({ port })
