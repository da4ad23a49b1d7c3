import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Where a frame begins: the number of its segment and the byte within that, as one number. Later frames have higher ones. */
export type Place = number

const SPAN = 2 ** 32

export const placeOf = (segment: number, offset: number): Place => segment * SPAN + offset
export const segmentOf = (place: Place): number => Math.floor(place / SPAN)
export const offsetOf = (place: Place): number => place % SPAN

/** The folder beside a ledger that holds its segments. */
export const folderOf = (ledger: string): string => `${ledger}-arrivals`

export const fileOf = (folder: string, segment: number): string => join(folder, String(segment).padStart(10, '0'))

/** The numbers of the segments that are there, in order. */
export function segmentsIn(folder: string): number[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d{10}$/.test(name))
      .map(Number)
      .sort((a, b) => a - b)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
