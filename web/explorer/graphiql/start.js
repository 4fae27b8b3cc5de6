// GraphiQL on the address it was loaded from. `#token=…` in the address, or the Headers tab, says who is calling.
const endpoint = location.pathname;
const START = `# Ctrl+Enter runs the operation. Put a token into the Headers tab below to be somebody.
{
  articles(first: 3) {
    edges { node { id title teaser body access { granted denial { code requiredPlans { name } } } } }
  }
}
`;

function headersWithGivenToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return undefined;
  history.replaceState(null, "", location.pathname);
  return JSON.stringify({ authorization: `Bearer ${given}` }, null, 2);
}

// A subscription takes its token from the socket's first message, since browsers send no header with a handshake.
function follow(request, headers) {
  const url = location.origin.replace(/^http/, "ws") + endpoint;
  const client = graphqlWs.createClient({ url, connectionParams: headers, retryAttempts: 0 });
  return { subscribe: (sink) => ({ unsubscribe: client.subscribe(request, sink) }) };
}

const overHttp = GraphiQL.createFetcher({ url: endpoint });

function fetcher(request, options) {
  const found = options.documentAST?.definitions.filter((definition) => definition.kind === "OperationDefinition") ?? [];
  const asked = found.find((definition) => !request.operationName || definition.name?.value === request.operationName);
  return asked?.operation === "subscription" ? follow(request, options.headers ?? {}) : overHttp(request, options);
}

const headers = headersWithGivenToken();
ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, { fetcher, headers, defaultQuery: START, defaultEditorToolsVisibility: "headers" }),
);
