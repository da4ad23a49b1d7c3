import { registerHooks } from 'node:module'

// Loaded before the product, in each of its threads: a store that never syncs, made of the real one by one word. A checker that
// does not find this out checks nothing.
const STORE = '/store/sqlite/sync.ts'
const HONEST = 'begin: (done) => fdatasync(fd, done),'

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    if (!url.endsWith(STORE)) return loaded
    const source = String(loaded.source)
    if (!source.includes(HONEST)) throw new Error(`${url} no longer says ${HONEST}`)
    return { ...loaded, source: source.replace(HONEST, 'begin: (done) => done(null),') }
  },
})
