import { execFile } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { npmInstall, npmPresent, type OnDemand } from './npm.ts'
import { type Service, service } from './service.ts'

const run = promisify(execFile)
const root = new URL('../../', import.meta.url)

/** A folder into which npm has brought packages. */
export interface Packages {
  readonly folder: URL
  /** A package as it is, without types: what is in it is compared with its types where users' code is shown. */
  load(name: string): ReturnType<typeof loaded>
}

/** Clients of databases whose transactions users hand over. */
export const clients: Service<Packages> = await packages('clients', { whole: async () => {} })

/** Prisma by itself: it is large, and its client is made from a schema. */
export const prisma: Service<Packages> = await packages('prisma', { whole: generate })

function packages(
  name: string,
  { whole }: { whole: (onDemand: OnDemand) => Promise<void> },
): Promise<Service<Packages>> {
  const onDemand = { from: new URL(`test/services/${name}/`, root), into: new URL(`.cache/${name}/`, root) }
  const at = (folder: URL): Packages => ({ folder, load: (name) => loaded(folder, name) })
  return service(name, {
    from: 'npm',
    env: name === 'prisma' ? 'TEST_PRISMA' : 'TEST_CLIENTS',
    present: () => npmPresent(onDemand),
    install: () => npmInstall(onDemand),
    connect: async (path) => at(new URL(`${path}/`, root)),
    async start() {
      await whole(onDemand)
      return at(onDemand.into)
    },
  })
}

const loaded = (folder: URL, name: string) =>
  import(pathToFileURL(createRequire(new URL('package.json', folder)).resolve(name)).href)

/** Makes the client. The engine that only migrations need would be fetched from elsewhere: any program will do in its place. */
async function generate({ from, into }: OnDemand): Promise<void> {
  for (const file of ['schema.prisma', 'prisma.config.ts']) await copyFile(new URL(file, from), new URL(file, into))
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' }
  const prisma = fileURLToPath(new URL('node_modules/prisma/build/index.js', into))
  await run(process.execPath, [prisma, 'generate'], { cwd: fileURLToPath(into), env })
}
