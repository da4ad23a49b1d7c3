/** Something on its way between the threads, and the bodies that belong to the events in it, in order. */
export interface Parcel {
  readonly item: unknown
  readonly bodies: readonly Uint8Array[]
  /** It holds bytes elsewhere, so it is cloned as it is: rare and slow. */
  readonly clone?: boolean
}

/**
 * A message between the threads. What is plain goes as one text, which costs a tenth of cloning object by object; bodies go
 * in one buffer, which is moved and not copied. (A chunk from a socket is a slice of a slab, and cloning it clones the slab.)
 */
export interface Freight {
  readonly text: string
  readonly cloned: readonly unknown[]
  readonly bodies: ArrayBuffer
  /** Where each body ends. */
  readonly ends: readonly number[]
}

export function load(parcels: readonly Parcel[]): Freight {
  const plain = parcels.filter(({ clone }) => !clone)
  const bodies = plain.flatMap((parcel) => parcel.bodies)
  // Not from the pool, since it is moved, and not cleared, since all of it is written.
  const bytes = Buffer.allocUnsafeSlow(bodies.reduce((sum, body) => sum + body.byteLength, 0))
  let end = 0
  const ends = bodies.map((body) => {
    bytes.set(body, end)
    return (end += body.byteLength)
  })
  const cloned = parcels.filter(({ clone }) => clone).map(({ item }) => item)
  return { text: JSON.stringify(plain.map(({ item }) => item)), cloned, bodies: bytes.buffer, ends }
}

/** The items, and the next body each time it is asked for: whoever loaded and whoever unloads take them in one order. */
export function unload({ text, cloned, bodies, ends }: Freight): { items: unknown[]; next: () => Uint8Array } {
  let i = 0
  const next = () => {
    const start = i === 0 ? 0 : ends[i - 1]!
    return new Uint8Array(bodies, start, ends[i++]! - start)
  }
  return { items: [...(JSON.parse(text) as unknown[]), ...cloned], next }
}
