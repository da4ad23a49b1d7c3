import { postgres } from '../services/postgres.ts'
import { findsBroken } from './broken.ts'
import { onPostgres } from './postgres.ts'
import { local } from './sqlite.ts'

findsBroken('SQLite', local)
findsBroken(
  'Postgres',
  onPostgres(() => postgres.ready()),
  postgres.skip,
)
