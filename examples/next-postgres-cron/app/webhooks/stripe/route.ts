import { after } from 'next/server'
import { cluster } from '../../../lib/hookkeeper'

export const runtime = 'nodejs'
export const maxDuration = 30

// Recorded in Postgres, answered, and then worked while the platform still gives time.
export const POST = (request: Request) => cluster.fetch(request, { waitUntil: after })
