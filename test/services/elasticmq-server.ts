import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from './lines.ts'
import { mavenClasspath, mavenInstall, mavenPresent } from './maven.ts'
import type { Place } from './place.ts'
import type { Recipe } from './recipe.ts'
import type { Sqs } from './sqs.ts'

const PROGRAM = { name: 'elasticmq', version: '1.6.12', artifacts: ['org.elasticmq:elasticmq-server_2.13:1.6.12'] }

export const elasticMqVersion = `ElasticMQ ${PROGRAM.version}`

/** A second emulator of Amazon SQS, which keeps its queues and messages on the disk. */
export const elasticmqServer: Recipe<Sqs> = {
  from: 'maven',
  env: 'TEST_ELASTICMQ_URL',
  present: () => mavenPresent(PROGRAM),
  install: () => mavenInstall(PROGRAM),
  connect: async (url) => ({ url, version: `ElasticMQ at ${url}`, restart: null }),
  start: (place) => startElasticMq(place),
}

/** `keeps: false`: in memory alone, as it comes. */
export async function startElasticMq(place: Place, { keeps = true } = {}): Promise<Sqs> {
  const port = await place.port()
  const dir = await place.folder()
  const file = join(dir, 'elasticmq.conf')
  await writeFile(file, settings(dir, port, keeps))
  const java = ['-Xmx512m', '-XX:+UseSerialGC', `-Dconfig.file=${file}`, '-cp', mavenClasspath(PROGRAM)]
  const start = async () => {
    const child = place.spawn('java', [...java, 'org.elasticmq.server.Main'], { stdio: ['ignore', 'pipe', 'ignore'] })
    await until('ElasticMQ', child.stdout, /server \(.*\) started/)
    return child
  }
  let child = await start()
  return {
    url: `http://127.0.0.1:${port}`,
    version: elasticMqVersion,
    async restart() {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
      child = await start()
    },
  }
}

// The database writes behind by half a second unless it is told not to: what was answered would not survive a kill.
const settings = (dir: string, port: number, keeps: boolean): string => `
include classpath("application.conf")
node-address { protocol = http, host = "127.0.0.1", port = ${port} }
rest-sqs { bind-port = ${port}, bind-hostname = "127.0.0.1", sqs-limits = strict }
rest-stats { enabled = false }
queues-storage { enabled = ${keeps}, path = "${dir}/queues.conf" }
messages-storage { enabled = ${keeps}, uri = "jdbc:h2:${dir}/messages;WRITE_DELAY=0;CACHE_SIZE=262144" }
`
