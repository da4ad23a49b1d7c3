import type { Envelope } from '../../core/event.ts'
import type { Receipt, Want } from '../store.ts'
import type { Transacted } from './transacted.ts'
import type { Writer } from './writer.ts'

/** The writer, wherever it runs. */
export interface Caller {
  call(name: string, args: readonly unknown[]): Promise<unknown>
  accept?(events: readonly Envelope[]): Promise<Receipt>
  lease(want: Want, signal?: AbortSignal): Promise<unknown>
  resume(transacted: readonly Transacted[]): void
  backup(path: string, progress: (share: number) => void): Promise<number>
  close(): Promise<void>
}

/** The writer in the calling thread: for simulations and checkers, where clock and order must be theirs. */
export function localCaller(writer: Writer, backup: Caller['backup'], release: () => void): Caller {
  let calls = 0
  return {
    call: (name, args) => writer.call(name, args),
    lease(want, signal) {
      const id = ++calls
      return abortable(writer.call('lease', [want, id]), signal, () => writer.cancelLease(id))
    },
    resume: (transacted) => writer.resume(transacted),
    backup,
    async close() {
      writer.close()
      release()
    },
  }
}

/** `answer`, told to hurry when the signal aborts. */
export function abortable<V>(answer: Promise<V>, signal: AbortSignal | undefined, cancel: () => void): Promise<V> {
  if (!signal) return answer
  if (signal.aborted) cancel()
  signal.addEventListener('abort', cancel, { once: true })
  return answer.finally(() => signal.removeEventListener('abort', cancel))
}
