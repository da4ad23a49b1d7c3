import type { Shape } from './shape.ts'
import { current } from './shape.ts'
export const createPreBasil = (): Shape => current
