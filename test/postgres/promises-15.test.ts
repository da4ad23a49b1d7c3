import { postgres } from '../services/postgres.ts'
import { promises } from './promises.ts'

await promises({ name: "the machine's Postgres", skip: postgres.skip, ready: () => postgres.ready() })
