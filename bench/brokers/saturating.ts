import { closedLoop } from '../ingest.ts'
import type { Load } from '../measure.ts'

/** As many as go at 64 connections. A Java that has just begun takes a while to be as fast as it gets. */
export const saturating = (quick: boolean): Load => ({ ...closedLoop(quick), ...(!quick && { warmUpMs: 10_000 }) })
