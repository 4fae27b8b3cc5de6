// Who calls, and what the caller holds.
import { createVerifier } from 'fast-jwt'
import { listFeatures } from './database.js'
import { issuer, memoryEntitlements, publicKey, tokenCache } from './settings.js'

const MEMORY_MILLISECONDS = 30_000

const verify = createVerifier({
  key: publicKey, algorithms: ['ES256'], allowedIss: issuer, allowedAud: 'gatehouse', cache: tokenCache
})
const remembered = new Map()

export const authenticate = async request => {
  const memberId = verify(request.headers.authorization.slice('Bearer '.length)).sub
  const features = await featuresOf(memberId)
  return { memberId, features }
}

const featuresOf = async memberId => {
  if (!memoryEntitlements) return new Set(await listFeatures(memberId))
  const known = remembered.get(memberId)
  if (known && known.until > Date.now()) return known.features
  const features = new Set(await listFeatures(memberId))
  remembered.set(memberId, { features, until: Date.now() + MEMORY_MILLISECONDS })
  return features
}
