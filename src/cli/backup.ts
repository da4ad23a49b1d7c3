import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { failure } from '../core/errors.ts'
import { type Common, type Context, command, configOf } from './context.ts'
import { reach } from './reach.ts'

export const backup = (context: Context): Command =>
  command('backup', 'Write a consistent copy of the ledger, while everything goes on')
    .argument('<path>', 'where to; no file may be there yet')
    .action(async (path: string, options: Common) => {
      const target = resolve(context.cwd, path)
      if (existsSync(target)) throw failure('backup_exists', { path: target })
      const api = await reach(await configOf(options, context), context)
      try {
        const done = await api.post<{ path: string; bytes: number }>('/api/v1/backup', {
          path: target,
        })
        const { out } = context
        out.write(options.json ? `${JSON.stringify(done)}\n` : `${done.path}: ${(done.bytes / 1e6).toFixed(1)} MB\n`)
      } finally {
        await api.close()
      }
    })
