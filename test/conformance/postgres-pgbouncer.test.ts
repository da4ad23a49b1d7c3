import { after } from 'node:test'
import { Place } from '../services/place.ts'
import { pooled, skip } from './pooled.ts'
import { conforms } from './postgres.ts'

const place = new Place('pgbouncer-conformance')
after(() => place.end())

conforms({ name: 'postgres through PgBouncer in transaction mode', skip, ready: pooled(place) })
