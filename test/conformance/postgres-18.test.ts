import { postgres18 } from '../services/postgres.ts'
import { conforms } from './postgres.ts'

conforms(postgres18)
