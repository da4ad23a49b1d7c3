import { after } from 'node:test'
import { pooled, skip } from '../conformance/pooled.ts'
import { Place } from '../services/place.ts'
import { promises } from './promises.ts'

const place = new Place('pgbouncer-promises')
after(() => place.end())

await promises({ name: 'Postgres through PgBouncer in transaction mode', skip, ready: pooled(place), again: true })
