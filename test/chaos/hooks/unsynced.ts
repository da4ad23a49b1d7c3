import { registerHooks } from 'node:module'

// Loaded before the product: a store that answers without a sync, made of the real one by a few words. A checker that does not
// find this out checks nothing.
const FILE = '/store/sqlite/arrivals/segment.ts'
const HONEST = 'fdatasync(this.#fd, done)'
const CHANGED = 'setImmediate(done, null)'

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    if (!url.endsWith(FILE)) return loaded
    const source = String(loaded.source)
    if (!source.includes(HONEST)) throw new Error(`${url} no longer says ${HONEST}`)
    return { ...loaded, source: source.replace(HONEST, CHANGED) }
  },
})
