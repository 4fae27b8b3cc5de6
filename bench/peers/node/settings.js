// What the benchmark tells a peer, by environment. A missing name is an error at start.
import { readFileSync } from 'node:fs'

const required = name => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: start the peers with ./dev bench`)
  return value
}

export const port = Number(required('PORT'))
export const databaseUrl = required('BENCH_DATABASE_URL')
export const publicKey = readFileSync(required('BENCH_PUBLIC_KEY_FILE'), 'utf8')
export const issuer = required('BENCH_TOKEN_ISSUER')

// Switches: what the other servers in the same table do as well.
export const gating = process.env.BENCH_GATING !== 'off'
export const jit = process.env.BENCH_JIT !== 'off'
export const memoryEntitlements = process.env.BENCH_ENTITLEMENTS === 'memory'
export const tokenCache = process.env.BENCH_TOKEN_CACHE === 'on'
export const workers = Number(process.env.BENCH_WORKERS ?? 1)
