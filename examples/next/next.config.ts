import type { NextConfig } from 'next'

export default {
  serverExternalPackages: ['hookkeeper'], // it starts a thread from a file of its own, which a bundle would hide
} satisfies NextConfig
