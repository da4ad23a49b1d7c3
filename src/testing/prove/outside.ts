import { AsyncLocalStorage } from 'node:async_hooks'

/** What handlers reach outside, by name: objects whose methods they call. */
export type Outside = Readonly<Record<string, object>>

/** Whoever stands between a handler and the outside: gets the call's name, and makes it. */
export type Between = (name: string, make: () => unknown) => unknown

const between = new AsyncLocalStorage<Between | null>()

/** Runs something whose calls to the outside, now and later, go through `between`. */
export const within = <V>(through: Between, run: () => V): V => between.run(through, run)

/** Runs something whose calls to the outside go straight there. */
export const straight = <V>(run: () => V): V => between.run(null, run)

/**
 * Puts itself between these objects and whoever calls their methods, in place, since handlers hold the objects themselves. The
 * answer undoes it. Calls that no handler makes go straight through.
 */
export function tap(outside: Outside): () => void {
  const undo: (() => void)[] = []
  for (const [name, object] of Object.entries(outside)) tapObject(name, object, DEPTH_MAX, undo)
  return () => {
    for (const one of undo.reverse()) one()
  }
}

/** `db.users.insert` is found; what is deeper is called untouched. */
const DEPTH_MAX = 3

function tapObject(name: string, object: unknown, depth: number, undo: (() => void)[]): void {
  if (typeof object !== 'object' || object === null)
    throw new Error(`outside.${name} is no object: hand over the object that holds it, as in { outside: { mailer } }.`)
  for (const [key, value] of methodsOf(object)) {
    if (typeof value === 'function') undo.push(replace(object, key, tapped(`${name}.${key}`, value as Method), name))
    else if (depth > 1) tapObject(`${name}.${key}`, value, depth - 1, undo)
  }
}

type Method = (this: unknown, ...args: unknown[]) => unknown

const tapped = (name: string, method: Method): Method =>
  function (this: unknown, ...args) {
    const through = between.getStore()
    const make = () => method.apply(this, args.map(bound))
    // What one method calls of another is a part of it; what it calls back is the handler's.
    return through ? through(name, () => straight(make)) : make()
  }

const bound = (value: unknown): unknown =>
  typeof value === 'function' && !('prototype' in value) ? AsyncLocalStorage.bind(value as Method) : value

/** Methods, inherited ones too, and plain objects that hold some. */
function methodsOf(object: object): Map<string, unknown> {
  const found = new Map<string, unknown>()
  for (let at: object | null = object; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (key === 'constructor' || found.has(key)) continue
      if (typeof value === 'function' || (at === object && isPlain(value))) found.set(key, value)
    }
  }
  return found
}

function replace(object: object, key: string, value: unknown, name: string): () => void {
  const own = Object.getOwnPropertyDescriptor(object, key)
  try {
    Object.defineProperty(object, key, {
      value,
      configurable: true,
      writable: true,
      enumerable: own?.enumerable ?? false,
    })
  } catch (error) {
    const why = `outside.${name}.${key} cannot be replaced (a module, or a frozen object). Hand over an object that your handlers call.`
    throw new Error(why, { cause: error })
  }
  return () => {
    if (own) Object.defineProperty(object, key, own)
    else delete (object as Record<string, unknown>)[key]
  }
}

function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
