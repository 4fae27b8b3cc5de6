// Fastify with Stripe's own library: verify the signature, keep the event, acknowledge.
import Fastify from 'fastify'
import Stripe from 'stripe'
import { pool } from './database.js'
import { port } from './settings.js'

const stripe = new Stripe('sk_test_bench')
const secret = process.env.BENCH_WEBHOOK_SECRET
const insert = `INSERT INTO bench.webhook_event (event_id, type, payload) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`

const app = Fastify({ logger: false })
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
app.post('/webhooks/stripe', async request => {
  const event = stripe.webhooks.constructEvent(request.body, request.headers['stripe-signature'], secret)
  await pool.query({ name: 'webhook_event', text: insert, values: [event.id, event.type, request.body] })
  return { received: true }
})
await app.listen({ port, host: '127.0.0.1' })
