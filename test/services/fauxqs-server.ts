import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { until } from './lines.ts'
import { npmInstall, npmPresent } from './npm.ts'
import type { Place } from './place.ts'
import type { Recipe } from './recipe.ts'
import type { Sqs } from './sqs.ts'

const root = new URL('../../', import.meta.url)
const PACKAGES = { from: new URL('test/services/fauxqs/', root), into: new URL('.cache/fauxqs/', root) }

/** An emulator of Amazon SQS from npm. It keeps its messages in memory: what is killed has forgotten them. */
export const fauxqsServer: Recipe<Sqs> = {
  from: 'npm',
  env: 'TEST_FAUXQS_URL',
  present: () => npmPresent(PACKAGES),
  install: () => npmInstall(PACKAGES),
  connect: async (url) => ({ url, version: `fauxqs at ${url}`, restart: null }),
  start: startFauxqs,
}

export async function startFauxqs(place: Place): Promise<Sqs> {
  const folder = new URL('node_modules/fauxqs/', PACKAGES.into)
  const port = await place.port()
  const main = fileURLToPath(new URL('main.ts', PACKAGES.from))
  const child = place.spawn(process.execPath, [main, new URL('dist/app.js', folder).href, `${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await until('fauxqs', child.stdout, /listening/)
  return { url: `http://127.0.0.1:${port}`, version: await fauxqsVersion(), restart: null }
}

export async function fauxqsVersion(): Promise<string> {
  const { dependencies } = JSON.parse(await readFile(new URL('package.json', PACKAGES.from), 'utf8'))
  return `fauxqs ${dependencies.fauxqs}`
}
