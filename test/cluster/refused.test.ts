import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCluster } from '../../src/cluster.ts'
import { silent } from '../../src/core/service.ts'
import { forward } from '../../src/processing/forward.ts'
import { emptyFolder } from '../folder.ts'

test('a start that is refused leaves nothing open: the next one is refused for the same reason', async () => {
  const cluster = createCluster({
    databaseUrl: `sqlite:${emptyFolder('refused')}/hookkeeper.db`,
    accounts: {},
    roles: ['processing'],
    console: { port: 0 },
    logger: silent,
  })
  cluster.on('*', forward('http://127.0.0.1:1/'))

  await assert.rejects(cluster.start(), { code: 'secret_missing' })
  await assert.rejects(cluster.start(), { code: 'secret_missing' })
})
