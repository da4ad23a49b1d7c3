/**
 * A signal for one piece of work that aborts when any of the others does. Those may live as long as the process: nothing of the
 * work stays with them, where `AbortSignal.any` would keep whatever still listens to it.
 */
export async function either<V>(
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<V>,
): Promise<V> {
  const one = new AbortController()
  const abort = () => one.abort()
  for (const signal of signals) {
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
  }
  try {
    return await work(one.signal)
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', abort)
  }
}
