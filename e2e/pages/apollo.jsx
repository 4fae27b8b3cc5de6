import { ApolloClient, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { ApolloProvider, useQuery } from "@apollo/client/react";
import { ArticleList, endpoint, Failed, show, token } from "./articles.jsx";
import { ARTICLES } from "./query.js";

const link = new HttpLink({ uri: endpoint, headers: { authorization: `Bearer ${token}` } });
const client = new ApolloClient({ link, cache: new InMemoryCache() });

function Screen() {
  const { data, error } = useQuery(gql(ARTICLES));
  if (error) return <Failed error={error} />;
  return data ? <ArticleList articles={data.articles} /> : "…";
}

show(
  <ApolloProvider client={client}>
    <Screen />
  </ApolloProvider>,
);
