import { cluster } from '../../lib/hookkeeper'

export const runtime = 'nodejs'
export const dynamic = 'force-dynamic'
export const maxDuration = 60

// Called by a clock, once a minute: retries that have fallen due, and whatever a frozen function left behind.
export async function GET(request: Request) {
  if (request.headers.get('authorization') !== `Bearer ${process.env.CRON_SECRET}`)
    return Response.json({ error: 'CRON_SECRET does not fit' }, { status: 401 })
  return Response.json(await cluster.workFor({ ms: 40_000, max: 500 }))
}
