import { postgres18 } from '../services/postgres.ts'
import { promises } from './promises.ts'

await promises({ name: 'Postgres 18', skip: postgres18.skip, ready: () => postgres18.ready(), again: true })
