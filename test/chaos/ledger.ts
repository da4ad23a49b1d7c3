/** A ledger is named by its file, or by its URL. */
export const inPostgres = (ledger: string): boolean => ledger.startsWith('postgres:')

/** As `DATABASE_URL` has it. */
export const databaseUrl = (ledger: string): string => (inPostgres(ledger) ? ledger : `sqlite:${ledger}`)
