// Fastify with mercurius: JIT, loaders, and field gates by mercurius-auth's directive.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import mercuriusAuth from 'mercurius-auth'
import { authenticate } from './identity.js'
import { loaders, resolvers, schema } from './schema.js'
import { gating, jit, port } from './settings.js'

const app = Fastify({ logger: false })
app.register(mercurius, {
  schema,
  resolvers,
  loaders,
  jit: jit ? 1 : 0,
  context: async request => ({ caller: await authenticate(request) })
})
if (gating) {
  app.register(mercuriusAuth, {
    authDirective: 'auth',
    authContext: context => context.caller,
    applyPolicy: (directive, _parent, _args, context) => {
      const feature = directive.arguments[0].value.value
      if (context.auth.features.has(feature)) return true
      throw new mercurius.ErrorWithProps('Not included in your plan.', { code: 'ENTITLEMENT_REQUIRED', feature })
    }
  })
}
await app.listen({ port, host: '127.0.0.1' })
