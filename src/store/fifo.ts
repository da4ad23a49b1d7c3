/** A queue in an array: the front moves on, and the array is cut when half of it is behind. */
export class Fifo<V> {
  #values: V[] = []
  #front = 0

  get size(): number {
    return this.#values.length - this.#front
  }

  push(value: V): void {
    this.#values.push(value)
  }

  peek(): V | undefined {
    return this.#values[this.#front]
  }

  shift(): V | undefined {
    if (this.size === 0) return undefined
    const value = this.#values[this.#front++]
    if (this.#front > 1024 && this.#front * 2 > this.#values.length) {
      this.#values = this.#values.slice(this.#front)
      this.#front = 0
    }
    return value
  }
}
