// What a member-area screen does with gated content: it reads `access`, and nothing else tells it what is locked.
import { createRoot } from "react-dom/client";

export const token = new URLSearchParams(location.search).get("token");
export const endpoint = "/spa/graphql";

export function ArticleList({ articles }) {
  return (
    <ul id="articles">
      {articles.edges.map(({ node }) => (
        <li key={node.id} data-state={node.access.granted ? "open" : "locked"}>
          <h2>{node.title}</h2>
          {node.access.granted ? <p>{node.body}</p> : <Locked denial={node.access.denial} />}
        </li>
      ))}
    </ul>
  );
}

function Locked({ denial }) {
  return (
    <aside>
      {denial.code}: included in {denial.requiredPlans.map((plan) => plan.name).join(", ")}
    </aside>
  );
}

export function Failed({ error }) {
  return <p id="failed">{String(error)}</p>;
}

export function show(screen) {
  createRoot(document.getElementById("root")).render(screen);
}
