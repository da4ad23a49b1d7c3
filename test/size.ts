/** True under `npm run chaos`, `soak` and `fuzz`; `npm test` runs a tenth of what is large. */
export const full = process.env['TEST_SIZE'] === 'full'

/** The whole of something, or about a tenth of it: `sized({ tenth: 20, whole: 200 })` kills. */
export const sized = ({ tenth, whole }: { tenth: number; whole: number }): number => (full ? whole : tenth)

/** Where this run's randomness starts. The failure line names it: `rerun: npm run fuzz -- --seed 8124`. */
export const seed = Number(process.env['TEST_SEED'] ?? 1)
