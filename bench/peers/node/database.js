// PostgreSQL through node-postgres. Every statement is named, so that the server prepares it once per connection.
import pg from 'pg'
import { databaseUrl } from './settings.js'

pg.types.setTypeParser(pg.types.builtins.INT8, Number)
export const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 })

const rows = async (name, text, values) => (await pool.query({ name, text, values })).rows

const articleColumns = 'id, slug, title, teaser, body, published_at, author_id'
const newestArticles = `SELECT ${articleColumns} FROM bench.article ORDER BY published_at DESC, id DESC LIMIT $1`
const olderArticles = `SELECT ${articleColumns} FROM bench.article WHERE (published_at, id) < ($2, $3)
  ORDER BY published_at DESC, id DESC LIMIT $1`

export const listArticles = (limit, after) => after
  ? rows('older_articles', olderArticles, [limit, after.publishedAt, after.id])
  : rows('newest_articles', newestArticles, [limit])

export const findMember = async id =>
  (await rows('member', 'SELECT id, email, plan_id FROM bench.member WHERE id = $1', [id]))[0] ?? null

export const listFeatures = async memberId => {
  const text = 'SELECT feature FROM bench.entitlement WHERE member_id = $1 ORDER BY feature'
  return (await rows('features', text, [memberId])).map(row => row.feature)
}

export const listUsage = memberId =>
  rows('usage', 'SELECT meter, used, "limit" FROM bench.usage WHERE member_id = $1 ORDER BY meter', [memberId])

export const authorsOf = ids => inOrder(ids, 'authors', 'SELECT id, name FROM bench.author WHERE id = ANY($1)')

export const plansOf = ids => inOrder(ids, 'plans', 'SELECT id, name FROM bench.plan WHERE id = ANY($1)')

const inOrder = async (ids, name, text) => {
  const found = new Map((await rows(name, text, [ids])).map(row => [row.id, row]))
  return ids.map(id => found.get(id) ?? null)
}
