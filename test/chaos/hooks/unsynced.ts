import { registerHooks } from 'node:module'

// Loaded before the product, in each of its threads: a store that never syncs, made of the real one by two words: neither its own
// sync is made, nor that of a checkpoint. A checker that does not find this out checks nothing.
const CHANGES = [
  {
    file: '/store/sqlite/sync.ts',
    honest: 'begin: (done) => fdatasync(fd, done),',
    changed: 'begin: (done) => done(null),',
  },
  { file: '/store/sqlite/connection.ts', honest: "'full' : 'normal'", changed: "'off' : 'off'" },
]

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    const change = CHANGES.find(({ file }) => url.endsWith(file))
    if (!change) return loaded
    const source = String(loaded.source)
    if (!source.includes(change.honest)) throw new Error(`${url} no longer says ${change.honest}`)
    return { ...loaded, source: source.replace(change.honest, change.changed) }
  },
})
