import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { bareEnvironment } from '../environment.ts'

const BIN = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** A command line in a process of its own, with next to nothing of our environment. */
export function child(args: readonly string[], { cwd, env = {} }: RunOptions) {
  return spawn(process.execPath, [BIN, ...args], { cwd, env: { ...bareEnvironment(), ...env } })
}

/** Runs a command line to its end. */
export function hookkeeper(args: readonly string[], options: RunOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const started = child(args, options)
    let [out, err] = ['', '']
    started.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    started.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    started.once('error', reject)
    started.once('close', (code) => resolve({ code, out, err }))
    started.stdin.end()
  })
}
