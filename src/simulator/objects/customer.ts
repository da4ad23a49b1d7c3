import type { Stripe } from 'stripe'
import { pick } from '../../core/random.ts'
import type { World } from '../world.ts'
import type { Wire } from './wire.ts'

export type Customer = Wire<Stripe.Customer> & { readonly id: string; readonly balance: number }

// Nobody: each family name says "example" in some language, and a good part of them is not ASCII.
const GIVEN = [
  'Amélie',
  'Björn',
  'Chloë',
  'Dmytro',
  'Eszter',
  'Finn',
  'Ingrid',
  'José',
  'Kofi',
  'Mei',
  'Noor',
  'Łukasz',
]
const FAMILY = [
  'Beispiel',
  'Ejemplo',
  'Esempio',
  'Exemple',
  'Exemplo',
  'Örnek',
  'Példa',
  'Príklad',
  'Przykład',
  'Sample',
]

export function customer(world: World): Customer {
  const name = `${pick(world.random, GIVEN)} ${pick(world.random, FAMILY)}`
  return {
    id: world.id('cus'),
    object: 'customer',
    address: null,
    balance: 0,
    created: world.created(),
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: `${addressed(name)}.${world.text(5).toLowerCase()}@example.com`,
    invoice_prefix: world.text(8).toUpperCase(),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: world.livemode,
    metadata: {},
    name,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  }
}

const addressed = (name: string): string =>
  name
    .normalize('NFD')
    .replace(/[^A-Za-z ]/g, '')
    .replace(' ', '.')
    .toLowerCase()
