/** A dark terminal. `colours` are by the numbers that `src/cli/terminal.ts` writes. */
export const PALETTE = {
  window: '#0d1117',
  bar: '#161b22',
  edge: '#30363d',
  text: '#d7dee6',
  buttons: ['#ff5f57', '#febc2e', '#28c840'],
  colours: {
    1: { name: 'bold', style: 'fill:#ffffff;font-weight:600' },
    2: { name: 'dim', style: 'fill:#7d8793' },
    31: { name: 'red', style: 'fill:#ff7b72' },
    32: { name: 'green', style: 'fill:#4ac26b' },
    33: { name: 'yellow', style: 'fill:#e3b341' },
    34: { name: 'blue', style: 'fill:#79c0ff' },
    36: { name: 'cyan', style: 'fill:#39c5cf' },
  } as Readonly<Record<string, { readonly name: string; readonly style: string }>>,
} as const
