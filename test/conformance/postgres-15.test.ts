import { postgres } from '../services/postgres.ts'
import { conforms } from './postgres.ts'

conforms(postgres)
