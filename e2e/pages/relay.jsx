import { Component, Suspense } from "react";
import { graphql, RelayEnvironmentProvider, useLazyLoadQuery } from "react-relay";
import { Environment, Network, RecordSource, Store } from "relay-runtime";
import { ArticleList, endpoint, Failed, show, token } from "./articles.jsx";

async function ask({ text: query }, variables) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const response = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return response.json();
}

const environment = new Environment({ network: Network.create(ask), store: new Store(new RecordSource()) });

function Screen() {
  const data = useLazyLoadQuery(
    graphql`
      query relayArticlesQuery {
        articles(first: 10) {
          edges {
            node {
              id
              title
              body
              access { granted denial { code requiredPlans { name } } }
            }
          }
        }
      }
    `,
    {},
  );
  return <ArticleList articles={data.articles} />;
}

class Boundary extends Component {
  state = { error: null };
  static getDerivedStateFromError(error) {
    return { error };
  }
  render() {
    return this.state.error ? <Failed error={this.state.error} /> : this.props.children;
  }
}

show(
  <RelayEnvironmentProvider environment={environment}>
    <Boundary>
      <Suspense fallback="…">
        <Screen />
      </Suspense>
    </Boundary>
  </RelayEnvironmentProvider>,
);
