// The part of Gatehouse's schema that the benchmark asks for, with mercurius' loaders for what comes in batches.
import { GraphQLScalarType } from 'graphql'
import { authorsOf, findMember, listArticles, listUsage, plansOf } from './database.js'
import { gating } from './settings.js'

export const schema = `
  directive @auth(requires: String!) on FIELD_DEFINITION
  scalar DateTime
  type Author { id: ID! name: String! }
  type Article {
    id: ID! slug: String! title: String! teaser: String! publishedAt: DateTime author: Author!
    body: String ${gating ? '@auth(requires: "content_premium")' : ''}
  }
  type ArticleEdge { cursor: String! node: Article! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type ArticleConnection { edges: [ArticleEdge!]! pageInfo: PageInfo! }
  type Plan { name: String! }
  type Entitlement { feature: String! }
  type Usage { meter: String! used: Int! limit: Int }
  type Member { id: ID! email: String plan: Plan! entitlements: [Entitlement!]! usage: [Usage!]! }
  type Query { articles(first: Int!, after: String): ArticleConnection! me: Member }
`

export const resolvers = {
  DateTime: new GraphQLScalarType({ name: 'DateTime', serialize: instant => instant.toISOString() }),
  Query: {
    articles: (_, { first, after }) => articleConnection(first, after),
    me: (_, __, { caller }) => findMember(caller.memberId)
  },
  Article: { publishedAt: article => article.published_at },
  Member: {
    entitlements: (_, __, { caller }) => Array.from(caller.features, feature => ({ feature })),
    usage: member => listUsage(member.id)
  }
}

// Without mercurius' cache of loaded objects: within one request it costs more than it saves.
const uncached = { cache: false }
export const loaders = {
  Article: { author: { loader: queries => authorsOf(queries.map(({ obj }) => obj.author_id)), opts: uncached } },
  Member: { plan: { loader: queries => plansOf(queries.map(({ obj }) => obj.plan_id)), opts: uncached } }
}

const articleConnection = async (first, after) => {
  const articles = await listArticles(first + 1, after && parseCursor(after))
  const hasNextPage = articles.length > first
  if (hasNextPage) articles.pop()
  const edges = articles.map(article => ({ cursor: cursorOf(article), node: article }))
  return { edges, pageInfo: { hasNextPage, endCursor: edges.at(-1)?.cursor ?? null } }
}

const cursorOf = article => Buffer.from(`${article.published_at.getTime()}:${article.id}`).toString('base64')

const parseCursor = cursor => {
  const [milliseconds, id] = Buffer.from(cursor, 'base64').toString().split(':')
  return { publishedAt: new Date(Number(milliseconds)), id }
}
