import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/**
 * Reads what a process prints until a line matches. What it prints from then on is passed by, since a full pipe would stop it.
 * @throws {Error} with its last words, when it ends before that.
 */
export async function until(name: string, output: Readable | null, mark: RegExp): Promise<void> {
  if (output === null) throw new Error(`${name} was started without a pipe.`)
  const said: string[] = []
  for await (const line of createInterface({ input: output })) {
    said.push(line)
    if (mark.test(line)) {
      output.resume()
      return
    }
  }
  throw new Error(`${name} ended before it was ready: ${said.slice(-LINES_MAX).join('\n')}`)
}

const LINES_MAX = 10
