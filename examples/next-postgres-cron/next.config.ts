import type { NextConfig } from 'next'

export default {
  serverExternalPackages: ['hookkeeper', 'pg'], // they load files of their own, which a bundle would hide
} satisfies NextConfig
