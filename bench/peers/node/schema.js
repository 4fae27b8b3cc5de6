// The part of Gatehouse's schema that the benchmark asks for, with mercurius' loaders for what comes in batches.
import { GraphQLScalarType } from 'graphql'
import {
  authorsOf, coursesOf, findMember, lessonsOf, listArticles, listAuthors, listUsage, plansOf
} from './database.js'
import { gating } from './settings.js'

const connection = type => `
  type ${type}Edge { cursor: String! node: ${type}! }
  type ${type}PageInfo { hasNextPage: Boolean! endCursor: String }
  type ${type}Connection { edges: [${type}Edge!]! pageInfo: ${type}PageInfo! }
`

export const schema = `
  directive @auth(requires: String!) on FIELD_DEFINITION
  scalar DateTime
  ${['Article', 'Author', 'Course', 'Lesson'].map(connection).join('')}
  type Author { id: ID! name: String! courses(first: Int!): CourseConnection! }
  type Course { id: ID! title: String! lessons(first: Int!): LessonConnection! }
  type Lesson { id: ID! title: String! position: Int! }
  type Article {
    id: ID! slug: String! title: String! teaser: String! publishedAt: DateTime author: Author!
    body: String ${gating ? '@auth(requires: "content_premium")' : ''}
  }
  type Plan { name: String! }
  type Entitlement { feature: String! }
  type Usage { meter: String! used: Int! limit: Int }
  type Member { id: ID! email: String plan: Plan! entitlements: [Entitlement!]! usage: [Usage!]! }
  type Query {
    articles(first: Int!): ArticleConnection! authors(first: Int!): AuthorConnection! me: Member
  }
`

const encode = text => Buffer.from(text).toString('base64')
const cursorOf = ({ published_at: at, id }) => encode(`${at.getTime()}:${id}`)
const cursorOfAuthor = ({ name, id }) => encode(`${name}:${id}`)
const cursorOfLesson = ({ position, id }) => encode(`${position}:${id}`)

// Cursors are made for those who ask for them.
const connectionBy = (type, cursor) => ({
  [`${type}Edge`]: { cursor: edge => cursor(edge.node) },
  [`${type}PageInfo`]: { endCursor: ({ last }) => last ? cursor(last) : null }
})

export const resolvers = {
  DateTime: new GraphQLScalarType({ name: 'DateTime', serialize: instant => instant.toISOString() }),
  Query: {
    articles: async (_, { first }) => pageOf(await listArticles(first + 1), first),
    authors: async (_, { first }) => pageOf(await listAuthors(first + 1), first),
    me: (_, __, { caller }) => findMember(caller.memberId)
  },
  ...connectionBy('Article', cursorOf),
  ...connectionBy('Author', cursorOfAuthor),
  ...connectionBy('Course', cursorOf),
  ...connectionBy('Lesson', cursorOfLesson),
  Article: { publishedAt: article => article.published_at },
  Member: {
    entitlements: (_, __, { caller }) => Array.from(caller.features, feature => ({ feature })),
    usage: member => listUsage(member.id)
  }
}

// One statement for all parents of a level that ask for the same page.
const pagesOf = find => async queries => {
  const pages = new Map()
  for (const first of new Set(queries.map(({ params }) => params.first))) {
    const parents = new Set(queries.filter(({ params }) => params.first === first).map(({ obj }) => obj.id))
    pages.set(first, await find([...parents], first + 1))
  }
  return queries.map(({ obj, params: { first } }) => pageOf(pages.get(first).get(obj.id) ?? [], first))
}

const pageOf = (rows, first) => {
  const page = rows.slice(0, first)
  return { edges: page.map(node => ({ node })), pageInfo: { hasNextPage: rows.length > first, last: page.at(-1) } }
}

// Without mercurius' cache of loaded objects: within one request it costs more than it saves.
const uncached = loader => ({ loader, opts: { cache: false } })
export const loaders = {
  Article: { author: uncached(queries => authorsOf(queries.map(({ obj }) => obj.author_id))) },
  Member: { plan: uncached(queries => plansOf(queries.map(({ obj }) => obj.plan_id))) },
  Author: { courses: uncached(pagesOf(coursesOf)) },
  Course: { lessons: uncached(pagesOf(lessonsOf)) }
}
