export const ARTICLES = /* GraphQL */ `
  query Articles {
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
`;
