export async function register() {
  if (process.env.NEXT_RUNTIME === 'nodejs') {
    const { cluster } = await import('./lib/hookkeeper')
    await cluster.start(['processing']) // the route takes the events
    process.once('SIGTERM', () => cluster.stop().finally(() => process.exit()))
  }
}
