import type { Handler } from '../../../src/processing/handlers.ts'
import { over, type Planted, Table } from './world.ts'

const lines = new Table<number>()

const broken: Handler<'invoice.paid'> = async ({ data: { object } }) => {
  object.lines.data.forEach(async ({ id, amount }) => {
    await lines.put(id, amount)
  })
}

const mended: Handler<'invoice.paid'> = async ({ data: { object } }) => {
  for (const { id, amount } of object.lines.data) await lines.put(id, amount)
}

export const planted: Planted = {
  broken: { tried: { 'invoice.paid': broken }, options: over({ lines }) },
  mended: { tried: { 'invoice.paid': mended }, options: over({ lines }) },
  says: [/returns before its work is done/, /its call of lines\.put was still under way: nobody awaits it/],
}
