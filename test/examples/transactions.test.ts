import assert from 'node:assert/strict'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { blocksIn } from '../docs/code.ts'
import { start } from '../package/program.ts'
import { clients, type Packages, prisma } from '../services/clients.ts'
import type { Service } from '../services/service.ts'
import { type Kind, mariadbShop, mysqlShop, postgresShop, sqliteShop } from './clients/shops.ts'

/** The clients that docs/transactions.md shows, the packages that their code needs, and where its data are. */
const SHOWN: Readonly<Record<string, { packages: Service<Packages>; shop: Kind }>> = {
  pg: { packages: clients, shop: postgresShop },
  postgres: { packages: clients, shop: postgresShop },
  prisma: { packages: prisma, shop: postgresShop },
  drizzle: { packages: clients, shop: postgresShop },
  kysely: { packages: clients, shop: postgresShop },
  knex: { packages: clients, shop: postgresShop },
  mysql2: { packages: clients, shop: mysqlShop },
  mariadb: { packages: clients, shop: mariadbShop },
  sqlite: { packages: clients, shop: sqliteShop },
  typeorm: { packages: clients, shop: postgresShop },
}

const blocks = blocksIn(await readFile('docs/transactions.md', 'utf8')).flatMap(({ marks, code }) => {
  const mark = marks.find((mark) => mark.startsWith('client='))
  return mark === undefined ? [] : [{ client: mark.slice('client='.length), code }]
})

test('docs/transactions.md shows every client', () => {
  assert.deepEqual(
    blocks.map(({ client }) => client),
    Object.keys(SHOWN),
  )
})

for (const { client, code } of blocks) {
  const { packages, shop } = SHOWN[client]!

  test(`the lines for ${client} book one event once, though they are run twice`, {
    skip: packages.skip || shop.skip,
  }, async (t) => {
    const { url, count, close } = await shop.open()
    t.after(close)
    const folder = await written(t, await packages.ready(), { [`${client}.ts`]: code })

    const played = start([PLAY, `${folder}/${client}.ts`], { cwd: process.cwd(), env: { SHOP_URL: url } })

    assert.equal(await played.ended(), 0, played.output())
    assert.deepEqual(await count(), [1, 1])
  })
}

for (const [name, packages] of Object.entries({ clients, prisma }))
  test(`TypeScript takes the transactions that the documents show, and refuses what is in none: ${name}`, {
    skip: packages.skip,
  }, async (t) => {
    const shown = blocks.filter(({ client }) => SHOWN[client]!.packages === packages)
    const files = Object.fromEntries(shown.map(({ client, code }) => [`${client}.ts`, code]))
    const folder = await written(t, await packages.ready(), {
      ...files,
      'refused.ts': REFUSED[name as keyof typeof REFUSED],
      'cluster.d.ts': "declare const cluster: import('hookkeeper').Cluster\n",
      'tsconfig.json': JSON.stringify(tsconfig()),
    })

    const tsc = start([TSC, '-p', folder], { cwd: process.cwd(), env: {} })

    assert.equal(await tsc.ended(), 0, tsc.output())
  })

/** In a folder beside what npm brought, so that it is found; gone when the test is over. */
async function written(t: TestContext, { folder }: Packages, files: Readonly<Record<string, string>>): Promise<string> {
  const path = fileURLToPath(new URL(`shown-${process.pid}`, folder))
  await mkdir(path)
  t.after(() => rm(path, { recursive: true }))
  for (const [name, text] of Object.entries(files))
    await writeFile(`${path}/${name}`, text.replace("'./gen", "'../gen"))
  return path
}

const PLAY = resolve('test/examples/clients/play.ts')
const TSC = resolve('node_modules/typescript/bin/tsc')

const tsconfig = () => ({
  extends: resolve('tsconfig.json'),
  compilerOptions: { paths: { hookkeeper: [resolve('src/index.ts')] }, typeRoots: [resolve('node_modules/@types')] },
  include: ['*.ts'],
})

/** Each line is wrong to the compiler, or it is the test that is. */
const REFUSED = {
  clients: `import { drizzle } from 'drizzle-orm/node-postgres'
import createKnex from 'knex'
import type { Kysely } from 'kysely'
import mysql from 'mysql2/promise'
import { createPool } from 'mariadb'
import pg from 'pg'
import postgres from 'postgres'

declare const kysely: Kysely<object>

cluster.on('invoice.paid', async (_event, { onceIn, settleIn }) => {
  // @ts-expect-error
  await onceIn(new pg.Pool(), 'booking')
  // @ts-expect-error
  await onceIn(postgres(), 'booking')
  // @ts-expect-error
  await onceIn(drizzle(''), 'booking')
  // @ts-expect-error
  await onceIn(kysely, 'booking')
  // @ts-expect-error
  await onceIn(createKnex({}), 'booking')
  // @ts-expect-error
  await onceIn(mysql.createPool(''), 'booking')
  // @ts-expect-error
  await onceIn(createPool(''), 'booking')
  // @ts-expect-error
  await settleIn(new pg.Pool())
  // @ts-expect-error
  await onceIn({}, 'booking')
})
`,
  prisma: `import type { PrismaClient } from './generated/prisma/client.ts'

declare const prisma: PrismaClient

cluster.on('invoice.paid', async (_event, { onceIn }) => {
  // @ts-expect-error
  await onceIn(prisma, 'booking')
})
`,
}
