import { cluster } from '../../../lib/hookkeeper'

export const runtime = 'nodejs'
export const POST = cluster.fetch
