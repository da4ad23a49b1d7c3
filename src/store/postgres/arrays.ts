/**
 * One-dimensional arrays in Postgres' own binary form: no escaping and no parsing, whatever is in them, and one statement for a
 * batch of any size. (`pg` sends a Buffer as a binary parameter.)
 */
const OID = { bool: 16, bytea: 17, int8: 20, int4: 23, text: 25 } as const

type Item<V> = V | null

export const texts = (values: readonly Item<string>[]): Buffer =>
  array(
    OID.text,
    values.map((value) => (value === null ? null : Buffer.from(value))),
  )

export const bytes = (values: readonly Item<Uint8Array>[]): Buffer => array(OID.bytea, values)

export const numbers = (values: readonly Item<number>[]): Buffer => fixed(OID.int8, 8, values, writeInt8)

export const smalls = (values: readonly Item<number>[]): Buffer =>
  fixed(OID.int4, 4, values, (to, value, at) => to.writeInt32BE(value, at))

export const flags = (values: readonly Item<boolean>[]): Buffer =>
  fixed(OID.bool, 1, values, (to, value, at) => to.writeUInt8(value ? 1 : 0, at))

/** Whole numbers beyond 32 bits without a BigInt each. */
function writeInt8(to: Buffer, value: number, at: number): void {
  to.writeInt32BE(Math.floor(value / 0x100000000), at)
  to.writeUInt32BE(((value % 0x100000000) + 0x100000000) % 0x100000000, at + 4)
}

const HEAD_BYTES = 20

function head(to: Buffer, oid: number, length: number, nulls: boolean): void {
  to.writeInt32BE(1, 0)
  to.writeInt32BE(nulls ? 1 : 0, 4)
  to.writeInt32BE(oid, 8)
  to.writeInt32BE(length, 12)
  to.writeInt32BE(1, 16)
}

function array(oid: number, values: readonly Item<Uint8Array>[]): Buffer {
  const size = values.reduce((sum, value) => sum + 4 + (value?.byteLength ?? 0), HEAD_BYTES)
  const to = Buffer.allocUnsafe(size)
  head(to, oid, values.length, values.includes(null))
  let at = HEAD_BYTES
  for (const value of values) {
    at = to.writeInt32BE(value?.byteLength ?? -1, at)
    if (value === null) continue
    to.set(value, at)
    at += value.byteLength
  }
  return to
}

function fixed<V>(
  oid: number,
  width: number,
  values: readonly Item<V>[],
  write: (to: Buffer, value: V, at: number) => void,
): Buffer {
  const nulls = values.reduce((count, value) => count + Number(value === null), 0)
  const to = Buffer.allocUnsafe(HEAD_BYTES + 4 * values.length + width * (values.length - nulls))
  head(to, oid, values.length, nulls > 0)
  let at = HEAD_BYTES
  for (const value of values) {
    at = to.writeInt32BE(value === null ? -1 : width, at)
    if (value === null) continue
    write(to, value, at)
    at += width
  }
  return to
}
