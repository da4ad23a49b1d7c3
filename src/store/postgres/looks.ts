/** Without a word from anybody we look for news this often: soon after something came, then less and less. */
const LEAST_MS = 20
/** A little over a second: whoever works asks for the controls each second, and that look serves for both. */
const MOST_MS = 1_050
const PATIENT_MS = 1_000

/** When to look for news. */
export class Looks {
  /** Something came. */
  stirred = false
  #underWay = false
  #everyMs = LEAST_MS
  #at = 0

  /** There may be something that memory knows nothing of yet. */
  get owed(): boolean {
    return this.stirred || this.#underWay
  }

  /** Who waits for less may hear of nothing unless there is a look at once. */
  get patientMs(): number {
    return Math.min(PATIENT_MS, this.#everyMs)
  }

  get nextAt(): number {
    return this.#at + this.#everyMs
  }

  /** Whoever waits hears of news by the next look, and who is `hasty` is told what there is now. */
  due(now: number, hasty: boolean): boolean {
    return this.stirred || hasty || now >= this.nextAt
  }

  begin(now: number): void {
    this.stirred = false
    this.#underWay = true
    this.#at = now
  }

  end(found: boolean): void {
    this.#underWay = false
    this.#everyMs = found ? LEAST_MS : Math.min(MOST_MS, this.#everyMs * 2)
  }
}
