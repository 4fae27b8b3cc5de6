import { cacheExchange, Client, fetchExchange, Provider, useQuery } from "urql";
import { ArticleList, endpoint, Failed, show, token } from "./articles.jsx";
import { ARTICLES } from "./query.js";

const fetchOptions = { headers: { authorization: `Bearer ${token}` } };
const client = new Client({ url: endpoint, exchanges: [cacheExchange, fetchExchange], fetchOptions });

function Screen() {
  const [{ data, error }] = useQuery({ query: ARTICLES });
  if (error) return <Failed error={error} />;
  return data ? <ArticleList articles={data.articles} /> : "…";
}

show(
  <Provider value={client}>
    <Screen />
  </Provider>,
);
