import { Redis } from 'ioredis'
import type { Raw } from './append.ts'

const GROUP = 'bench'
const RECEIVE_MAX = '500'

/** XADD in a pipeline, into a Redis that syncs its log before it answers; XREADGROUP, XACK and XDEL. */
export async function openRedis(url: string): Promise<Raw> {
  const stream = new URL(url).searchParams.get('stream') ?? 'bench'
  const [writer, reader] = [new Redis(url), new Redis(url)]
  await writer.call('XGROUP', ['CREATE', stream, GROUP, '0', 'MKSTREAM'])
  return {
    batchMax: 500,
    appendsMax: 4,
    async append(bodies) {
      const pipeline = writer.pipeline()
      for (const body of bodies) pipeline.xadd(stream, '*', 'body', body)
      return ((await pipeline.exec()) ?? []).map(([error]) => error)
    },
    async receive() {
      const words = ['GROUP', GROUP, 'one', 'COUNT', RECEIVE_MAX, 'BLOCK', '1000', 'STREAMS', stream, '>']
      const reply = (await reader.callBuffer('XREADGROUP', words)) as [Buffer, [Buffer, Buffer[]][]][] | null
      const ids = reply?.[0]?.[1].map(([id]) => id.toString()) ?? []
      if (ids.length === 0) return 0
      await writer
        .pipeline()
        .xack(stream, GROUP, ...ids)
        .xdel(stream, ...ids)
        .exec()
      return ids.length
    },
  }
}
