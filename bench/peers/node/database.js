// PostgreSQL through node-postgres. Every statement is named, so that the server prepares it once per connection.
import pg from 'pg'
import { databaseUrl } from './settings.js'

pg.types.setTypeParser(pg.types.builtins.INT8, Number)
export const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 })

const rows = async (name, text, values) => (await pool.query({ name, text, values })).rows

const newestArticles = `SELECT id, slug, title, teaser, body, published_at, author_id FROM bench.article
  ORDER BY published_at DESC, id DESC LIMIT $1`
const firstAuthors = 'SELECT id, name FROM bench.author ORDER BY name, id LIMIT $1'
const newestCourses = `SELECT c.* FROM unnest($1::text[]) AS author(id) CROSS JOIN LATERAL (
    SELECT id, title, published_at, author_id FROM bench.course WHERE author_id = author.id
    ORDER BY published_at DESC, id DESC LIMIT $2) AS c`
const firstLessons = `SELECT l.* FROM unnest($1::text[]) AS course(id) CROSS JOIN LATERAL (
    SELECT id, title, position, course_id FROM bench.lesson WHERE course_id = course.id
    ORDER BY position LIMIT $2) AS l`

export const listArticles = limit => rows('newest_articles', newestArticles, [limit])

export const listAuthors = limit => rows('first_authors', firstAuthors, [limit])

export const coursesOf = async (authorIds, limit) =>
  grouped(await rows('newest_courses', newestCourses, [authorIds, limit]), 'author_id')

export const lessonsOf = async (courseIds, limit) =>
  grouped(await rows('first_lessons', firstLessons, [courseIds, limit]), 'course_id')

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

const grouped = (found, key) => {
  const groups = new Map()
  for (const row of found) {
    const group = groups.get(row[key])
    if (group) group.push(row)
    else groups.set(row[key], [row])
  }
  return groups
}
