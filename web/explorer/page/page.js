// The small explorer: sends what is typed to the address it was loaded from. No library, no network but our own.
const $ = (id) => document.getElementById(id);
const endpoint = location.pathname;
const START = `# Ctrl+Enter runs the operation.
{
  articles(first: 3) {
    edges { node { id title teaser body access { granted denial { code requiredPlans { name } } } } }
  }
}
`;
const INTROSPECTION = `{ __schema { queryType { name } mutationType { name } subscriptionType { name } types {
  name kind description
  fields(includeDeprecated: true) { name description type { ...T } args { name type { ...T } } }
  inputFields { name description type { ...T } } enumValues(includeDeprecated: true) { name description }
} } }
fragment T on __Type { name kind ofType { name kind ofType { name kind ofType { name kind ofType { name } } } } }`;

let socket;

function takeTokenFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  $("token").value = sessionStorage.getItem("token") ?? "";
}

function authorization() {
  const token = $("token").value.trim().replace(/^Bearer\s+/i, "");
  return token ? { authorization: `Bearer ${token}` } : {};
}

async function ask(body) {
  const headers = { "content-type": "application/json", accept: "application/graphql-response+json", ...authorization() };
  const response = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, answer: await response.json() };
}

function show(status, answer) {
  $("status").textContent = status;
  $("answer").textContent = typeof answer === "string" ? answer : JSON.stringify(answer, null, 2);
}

function typedRequest() {
  const variables = $("variables").value.trim();
  return { query: $("query").value, ...(variables && { variables: JSON.parse(variables) }) };
}

async function run() {
  stop();
  sessionStorage.setItem("query", $("query").value);
  let request;
  try {
    request = typedRequest();
  } catch (fault) {
    return show("", `The variables are not valid JSON: ${fault.message}`);
  }
  if (/^\s*subscription\b/m.test(request.query)) return follow(request);
  show("…", "");
  const started = performance.now();
  try {
    const { status, answer } = await ask(request);
    show(`${status} in ${Math.round(performance.now() - started)} ms`, answer);
  } catch (fault) {
    show("", `No answer: ${fault.message}`);
  }
}

function follow(request) {
  const seen = [];
  socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${endpoint}`, "graphql-transport-ws");
  $("stop").hidden = false;
  show("connecting", "");
  const send = (message) => socket.send(JSON.stringify(message));
  socket.onopen = () => send({ type: "connection_init", payload: authorization() });
  socket.onclose = (event) => {
    $("status").textContent = `closed ${event.code} ${event.reason}`;
    $("stop").hidden = true;
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "connection_ack") send({ id: "1", type: "subscribe", payload: request });
    if (message.type === "ping") send({ type: "pong" });
    if (message.type === "next" || message.type === "error") seen.unshift(message.payload);
    if (message.type === "complete" || message.type === "error") socket.close(1000);
    show("following", seen.map((event) => JSON.stringify(event, null, 2)).join("\n\n"));
  };
}

function stop() {
  socket?.close(1000);
  socket = undefined;
}

const named = (type) =>
  type.kind === "NON_NULL" ? `${named(type.ofType)}!` : type.kind === "LIST" ? `[${named(type.ofType)}]` : type.name;

function element(tag, text, ...children) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function documented(type) {
  const heading = element("summary", "", `${type.name} `, element("small", type.kind.toLowerCase().replace("_", " ")));
  const list = element("dl");
  for (const item of [...(type.fields ?? []), ...(type.inputFields ?? []), ...(type.enumValues ?? [])]) {
    const taken = item.args?.length ? `(${item.args.map((arg) => `${arg.name}: ${named(arg.type)}`).join(", ")})` : "";
    const term = element("dt", "", element("code", `${item.name}${taken}${item.type ? `: ${named(item.type)}` : ""}`));
    list.append(term, element("dd", item.description));
  }
  const whole = element("details", "", heading, element("p", type.description), list);
  whole.dataset.name = type.name.toLowerCase();
  whole.dataset.words = [type.name, ...[...list.querySelectorAll("code")].map((code) => code.textContent)].join(" ").toLowerCase();
  return whole;
}

async function loadDocs() {
  const { answer } = await ask({ query: INTROSPECTION });
  if (!answer.data) return $("docs").replaceChildren(answer.errors.map((error) => error.message).join("\n"));
  const { types, queryType, mutationType, subscriptionType } = answer.data.__schema;
  const roots = [queryType, mutationType, subscriptionType].filter(Boolean).map((type) => type.name);
  const order = (type) => (roots.includes(type.name) ? roots.indexOf(type.name) : roots.length);
  const shown = types.filter((type) => !type.name.startsWith("__"));
  shown.sort((a, b) => order(a) - order(b) || a.name.localeCompare(b.name));
  $("docs").replaceChildren(...shown.map(documented));
  $("docs").firstElementChild.open = true;
}

$("endpoint").textContent = endpoint;
takeTokenFromAddress();
$("query").value = sessionStorage.getItem("query") ?? START;
$("run").onclick = run;
$("stop").onclick = stop;
$("token").onchange = () => {
  sessionStorage.setItem("token", $("token").value.trim());
  loadDocs();
};
$("find").oninput = () => {
  const word = $("find").value.toLowerCase();
  for (const type of $("docs").children) {
    type.hidden = !type.dataset.words?.includes(word);
    type.style.order = word && type.dataset.name?.startsWith(word) ? -1 : 0;
  }
};
addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
});
loadDocs();
